/**
 * The demo as a Vue app: the replica is provided while it is still on its way, and the app is on the screen meanwhile. With
 * `?test` in the address, and only then, `window.replica` is what was provided.
 */
import { provideReplica } from 'electric-replica/vue';
import { createApp } from 'vue';
import { openReplica } from '../page/replica.ts';
import App from './App.vue';

const replica = openReplica((input, init) => fetch(input, init));
const app = createApp(App);
provideReplica(replica, app);
app.mount('#app');

if (new URLSearchParams(location.search).has('test')) Object.assign(window, { replica });
