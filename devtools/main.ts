/** The DevTools page: looks into the replica of an app's page of the same origin. */
import { createApp } from "vue";

import App from "./App.vue";

createApp(App).mount("#app");
