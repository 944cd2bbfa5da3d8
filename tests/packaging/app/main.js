import { startOnPage } from "./page.js";

void startOnPage();
