(() => {
  // Runs in a world of its own: the page cannot change what these names mean here.
  const MAX_TEXT = 2 << 20, MAX_HTML = 4 << 20, MAX_NODES = 200000;
  const doc = document, root = doc.documentElement;
  let nodes = 0, pictures = 0, size = 0, cut = false;
  const seen = [], hidden = [], shadows = [];
  const view = { w: innerWidth, h: innerHeight };
  const BLOCK = /^(block|flex|grid|table|list-item|table-row|table-caption|flow-root)$/;
  const SKIP = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "HEAD", "OBJECT", "EMBED", "IFRAME", "FRAME", "SVG", "DATALIST", "TITLE"]);
  const put = (to, text) => { if (size < MAX_TEXT) { to.push(text); size += text.length; } else cut = true; };
  const colour = c => { const m = /rgba?\(([\d.]+)[, ]+([\d.]+)[, ]+([\d.]+)(?:[,/ ]+([\d.]+))?/.exec(c); return m ? [+m[1], +m[2], +m[3], m[4] === undefined ? 1 : +m[4]] : null; };
  const ground = el => { for (let e = el, n = 0; e && n < 40; e = e.parentElement, n++) { const s = getComputedStyle(e); if (s.backgroundImage !== "none") return null; const c = colour(s.backgroundColor); if (c && c[3] > 0.5) return c; } return [255, 255, 255, 1]; };
  const invisible = (el, s) => {
    if (s.visibility !== "visible" || +s.opacity < 0.05 || parseFloat(s.fontSize) < 2) return true;
    if (parseFloat(s.textIndent) < -900) return true;
    const c = colour(s.color);
    if (c) { if (c[3] < 0.05) return s.webkitTextFillColor === s.color; const g = ground(el); if (g && Math.abs(c[0] - g[0]) + Math.abs(c[1] - g[1]) + Math.abs(c[2] - g[2]) < 12) return true; }
    const r = el.getBoundingClientRect();
    if (s.overflow !== "visible" && s.display !== "inline" && (r.width < 2 || r.height < 2)) return true;
    const left = r.left + scrollX, top = r.top + scrollY;
    if (r.width > 0 && (left + r.width < 0 || top + r.height < 0 || left > Math.max(view.w, root.scrollWidth) + 200)) return true;
    return false;
  };
  const words = (s) => {
    if (!s || s === "none" || s === "normal") return "";
    let out = "";
    for (const m of s.matchAll(/"((?:[^"\\]|\\.)*)"/g)) out += m[1].replace(/\\([0-9a-f]{1,6}) ?/gi, (_, h) => { try { return String.fromCodePoint(parseInt(h, 16)); } catch { return ""; } }).replace(/\\(.)/g, "$1");
    return out;
  };
  const turned = s => /override/.test(s.unicodeBidi) && s.direction === "rtl";
  const flip = t => Array.from(t).reverse().join("");
  const walk = (el, out, off, back) => {
    if (++nodes > MAX_NODES) { cut = true; return; }
    if (SKIP.has(el.tagName.toUpperCase())) return;
    const s = getComputedStyle(el);
    if (s.display === "none") { const t = (el.textContent || "").trim(); if (t && !off) put(hidden, t.slice(0, 20000) + "\n"); return; }
    const gone = off || invisible(el, s), to = gone ? hidden : seen;
    const rtl = turned(s);
    const block = BLOCK.test(s.display) || el.tagName === "BR";
    if (block) put(to, "\n");
    if (s.display === "table-cell") put(to, "\t");
    const r = el.getBoundingClientRect();
    if (!gone && r.width >= 40 && r.height >= 40 && (/^(IMG|CANVAS|VIDEO)$/.test(el.tagName) || /url\(/.test(s.backgroundImage))) pictures += r.width * r.height;
    put(to, words(getComputedStyle(el, "::before").content));
    if (el.tagName === "INPUT" || el.tagName === "TEXTAREA") {
      if (/^(button|submit|reset)$/.test(el.type)) put(to, el.value + " ");
    } else if (el.tagName === "SELECT") {
      for (const o of Array.from(el.options).slice(0, 50)) put(to, o.text + " ");
    } else {
      const kids = el.shadowRoot ? [...el.shadowRoot.childNodes, ...el.childNodes] : el.childNodes;
      if (el.shadowRoot && shadows.length < 200) shadows.push(el.shadowRoot.innerHTML);
      for (const kid of kids) {
        if (kid.nodeType === 3) { const t = kid.data.replace(/[\t\n\r ]+/g, s.whiteSpace.startsWith("pre") ? "$&" : " "); if (t) put(to, rtl ? flip(t) : t); }
        else if (kid.nodeType === 1) walk(kid, out, gone, rtl);
      }
    }
    put(to, words(getComputedStyle(el, "::after").content));
    if (block) put(to, "\n");
  };
  if (doc.body) walk(doc.body, seen, false, false);
  const tidy = a => a.join("").split("\n").map(l => l.replace(/[ \t]+/g, " ").trim()).filter(Boolean).join("\n");
  let html = root ? root.outerHTML : "";
  if (shadows.length) html += "\n" + shadows.join("\n");
  return {
    url: location.href, title: doc.title.slice(0, 2000), charset: doc.characterSet, html: html.slice(0, MAX_HTML), cut: cut || html.length > MAX_HTML,
    text: tidy(seen), hidden: tidy(hidden), frameset: !!(doc.body && doc.body.tagName === "FRAMESET"), shadows: shadows.length,
    pictures: Math.min(1, pictures / Math.max(1, view.w * view.h)),
    width: Math.ceil(root ? Math.max(root.scrollWidth, doc.body ? doc.body.scrollWidth : 0) : 0), height: Math.ceil(root ? Math.max(root.scrollHeight, doc.body ? doc.body.scrollHeight : 0) : 0),
    timers: /setTimeout|setInterval|http-equiv=.?refresh/i.test(html),
    icons: Array.from(doc.querySelectorAll("link[rel~=icon],link[rel='shortcut icon'],link[rel='apple-touch-icon']")).map(l => l.href).slice(0, 5),
  };
})()
