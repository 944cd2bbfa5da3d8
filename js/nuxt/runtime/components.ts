/** What templates use without an import. */
export { MigrationBanner } from "../../vue/banner.js";
