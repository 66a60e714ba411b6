/**
 * Returns a function that calls `paint` before the next frame, once however often it is called. Browsers do not render
 * hidden pages, so a hidden page paints when it becomes visible again.
 */
export function onceAFrame(paint: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      paint();
    });
  };
}
