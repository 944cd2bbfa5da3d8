// All that electric-replica needs is its name among the modules, and the folder `drizzle/`.
export default defineNuxtConfig({
  modules: ["electric-replica/nuxt"],
  compatibilityDate: "2026-06-01",
  app: { head: { htmlAttrs: { lang: "en" }, title: "Tasks", link: [{ rel: "icon", href: "data:," }] } },
});
