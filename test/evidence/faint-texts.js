// An expression that the browser evaluates: texts whose colour has a contrast below 4.5 to what lies behind it (WCAG 2.2, 1.4.3), as "TEXT: CONTRAST".
(() => {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color) =>
    channels(color)
      .slice(0, 3)
      .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    if (!element) return getComputedStyle(document.body).backgroundColor;
    const own = getComputedStyle(element).backgroundColor;
    return channels(own)[3] === 0 ? behind(element.parentElement) : own;
  };
  return [...document.querySelectorAll("main *")].flatMap((element) => {
    const text = [...element.childNodes].find((node) => node.nodeType === 3 && node.textContent.trim() !== "");
    if (!text || !element.offsetParent) return [];
    const [light, dark] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    return contrast < 4.5 ? [`${text.textContent}: ${contrast.toFixed(2)}`] : [];
  });
})();
