/**
 * Painting that is asked for by messages: however often, it is done once, before the next frame. Browsers make no
 * frames for a page that is hidden, so what was asked meanwhile is painted when it is seen again; and without a
 * request nothing runs.
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
