/** Draws ER diagrams with Mermaid, which is loaded with the first of them. */
let drawings = 0;

/** @returns the drawing as SVG */
export async function draw(text: string, dark: boolean): Promise<string> {
  const { default: mermaid } = await import("mermaid");
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: dark ? "dark" : "neutral", maxTextSize: 2_000_000, maxEdges: 5_000, er: { useMaxWidth: false } });
  drawings += 1;
  const { svg } = await mermaid.render(`drawing-${String(drawings)}`, text);
  return svg;
}
