// Keys and quick decisions. Without it every form still works. Text goes in by textContent only; nothing is ever parsed as markup.
"use strict";
(() => {
  const $ = (s, from = document) => from.querySelector(s);
  const all = (s, from = document) => [...from.querySelectorAll(s)];
  const csrf = document.body.dataset.csrf || "";
  const role = document.body.dataset.role || "";
  const reviews = role === "analyst" || role === "approver";
  const toast = $("#toast"), queue = $("#queue"), lead = $("#lead");
  let at = -1, last = null, timer = 0;

  const rows = () => queue ? all("tbody tr", queue) : [];
  const row = () => rows()[at];
  const now = () => lead || row();

  function say(text, bad) {
    if (!toast) return;
    toast.textContent = text;
    toast.className = bad ? "on bad" : "on";
    clearTimeout(timer);
    timer = setTimeout(() => { toast.className = ""; }, bad ? 8000 : 4000);
  }

  function go(to) {
    const list = rows();
    if (!list.length) return;
    at = Math.max(0, Math.min(list.length - 1, to));
    list.forEach((r, i) => {
      r.classList.toggle("at", i === at);
      if (i === at) r.setAttribute("aria-selected", "true"); else r.removeAttribute("aria-selected");
    });
    list[at].scrollIntoView({ block: "nearest" });
    sessionStorage.setItem("jw-at", list[at].dataset.id);
  }

  async function post(id, move, fields) {
    const body = new URLSearchParams(fields || {});
    try {
      const answer = await fetch(`/leads/${id}/${move}`, {
        method: "POST", body, headers: { "x-jianwei": "1", "x-csrf": csrf }, redirect: "error", credentials: "same-origin",
      });
      return await answer.json();
    } catch {
      return { ok: false, error: toast ? toast.dataset.failed : "" };
    }
  }

  function show(element, answer) {
    element.dataset.state = answer.state;
    const tag = $(".state", element);
    if (tag) { tag.className = "state " + answer.state; tag.textContent = answer.state_text; }
    const where = $(".where", element);
    if (!where) return;
    let holder = $(".holder", where);
    if (holder) holder.remove();
    if (answer.holder) {
      holder = document.createElement("span");
      holder.className = "holder";
      holder.textContent = answer.holder;
      where.append(holder);
    }
  }

  async function decide(move, fields) {
    const element = now();
    if (!element || !reviews || element.dataset.busy) return;
    element.dataset.busy = "1";
    const answer = await post(element.dataset.id, move, fields);
    delete element.dataset.busy;
    if (!answer.ok) { say(answer.error || "", true); return; }
    if (move === "confirm" || move === "approve" || move === "dismiss") last = element.dataset.id;
    if (move === "recapture") { say(answer.said, false); return; }
    if (lead) { location.reload(); return; }
    show(element, answer);
    const gone = ["confirm", "approve", "dismiss"].includes(move);
    element.classList.toggle("done", gone || (move === "undo" ? false : element.classList.contains("done")));
    say(answer.said, false);
    if (gone) go(rows().indexOf(element) + 1);
  }

  async function undo() {
    const id = lead ? lead.dataset.id : last || (row() && row().dataset.id);
    if (!id) return;
    const answer = await post(id, "undo");
    if (!answer.ok) { say(answer.error || "", true); return; }
    if (lead) { location.reload(); return; }
    const element = rows().find(r => r.dataset.id === id);
    if (element) { show(element, answer); element.classList.remove("done"); go(rows().indexOf(element)); }
    say(answer.said, false);
    last = null;
  }

  const picked = () => all("input[name=id]:checked", queue || document);

  function ask(move) {
    const element = now(), box = $("#words");
    if (!element || !box || !reviews) return;
    $("#words-title").textContent = toast.dataset[{ note: "note", cluster: "kin" }[move] || "reason"];
    $("#words-label").textContent = $("#words-title").textContent;
    const title = lead ? $("h1", lead) : $(".title", element);
    $("#words-what").textContent = move === "cluster" ? picked().length + " ×" : title ? title.textContent.trim().slice(0, 80) : "";
    $("#words-text").value = "";
    box.dataset.move = move;
    box.showModal();
    $("#words-text").focus();
  }

  const words = $("#words-form");
  if (words) {
    words.addEventListener("submit", event => {
      event.preventDefault();
      const text = $("#words-text").value.trim();
      if (!text) { $("#words-text").focus(); return; }
      $("#words").close();
      if ($("#words").dataset.move === "cluster") {
        $("#bulk input[name=reason]").value = text;
        $("#bulk").requestSubmit($("#bulk button[formaction$='/cluster']"));
        return;
      }
      decide($("#words").dataset.move, { text });
    });
    $("#words-text").addEventListener("keydown", event => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); words.requestSubmit(); }
    });
  }

  const swiping = () => !!$("#pair") && $("#pair").dataset.mode === "swipe";
  const keys = {
    j: () => go(at + 1), k: () => go(at - 1), ArrowDown: () => go(at + 1), ArrowUp: () => go(at - 1),
    Enter: () => { const r = row(); if (r) location.href = "/leads/" + r.dataset.id; },
    c: () => { const e = now(); if (e) decide(e.dataset.state === "in_review" ? "release" : "claim"); },
    1: () => { const e = now(); if (e) decide(e.dataset.state === "confirmed" ? "approve" : "confirm"); },
    2: () => ask("dismiss"), 3: () => ask("note"), n: () => ask("note"), u: undo,
    x: () => { const box = row() && $("input[name=id]", row()); if (box) { box.checked = !box.checked; count(); } },
    g: () => {
      const form = $("#merge");
      if (lead && form) { form.open = true; form.scrollIntoView({ block: "center" }); $("input[name=host]", form).focus(); return; }
      if (queue && reviews) { if (picked().length > 1) ask("cluster"); else say(toast.dataset.pick, true); }
    },
    r: () => { if (now()) decide("recapture"); },
    d: () => { const d = $("#differ"); if (d) { choose("differ"); d.scrollIntoView({ block: "start" }); } },
    "/": () => { const s = $("#search"); if (s) s.focus(); else location.href = "/queue"; },
    "?": () => { const d = $("#keys"); if (d) d.showModal(); },
    Escape: () => { if (lead) location.href = "/queue"; },
  };

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    const target = event.target;
    if (target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (event.key === "Enter" && target !== document.body && target.id !== "main") return;
    if (event.key.startsWith("Arrow") && !queue && !(swiping() && /Left|Right/.test(event.key))) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // The parts of a lead's page as tabs. Without script they stand one under the other.
  const parts = $("#parts");
  const tabs = parts ? all("a", parts).filter(a => document.getElementById(a.hash.slice(1))) : [];
  function choose(id, focus) {
    if (!tabs.some(t => t.hash === "#" + id)) return;
    for (const tab of tabs) {
      const on = tab.hash === "#" + id;
      tab.setAttribute("aria-selected", on ? "true" : "false");
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.hash.slice(1)).hidden = !on;
      if (on && focus) tab.focus();
    }
  }
  if (parts && tabs.length) {
    all("a", parts).forEach(a => { if (!tabs.includes(a)) a.remove(); });
    parts.setAttribute("role", "tablist");
    for (const tab of tabs) {
      const panel = document.getElementById(tab.hash.slice(1));
      tab.setAttribute("role", "tab");
      tab.id = "tab-" + panel.id;
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
    }
    parts.addEventListener("click", event => {
      const tab = event.target.closest("a");
      if (!tab) return;
      event.preventDefault();
      choose(tab.hash.slice(1), true);
      history.replaceState(null, "", tab.hash);
    });
    parts.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const here = tabs.indexOf(document.activeElement);
      if (!step || here < 0) return;
      event.preventDefault();
      event.stopPropagation();
      choose(tabs[(here + step + tabs.length) % tabs.length].hash.slice(1), true);
    });
    const asked = location.hash.slice(1);
    choose(tabs.some(t => t.hash === "#" + asked) ? asked : tabs[0].hash.slice(1));
  }

  // Two pictures: beside each other, one cut over the other, or one after the other.
  const pair = $("#pair");
  if (pair) {
    const swipe = $("#swipe"), boxes = $(".boxes", pair), still = matchMedia("(prefers-reduced-motion: reduce)");
    let beat = 0;
    const press = (button, on) => button.setAttribute("aria-pressed", on ? "true" : "false");
    const mode = name => {
      const again = pair.dataset.mode === name;
      pair.dataset.mode = name;
      all("[data-mode]", document.querySelector(".modes")).forEach(b => press(b, b.dataset.mode === name));
      clearInterval(beat);
      const flip = () => pair.classList.toggle("other");
      if (name !== "blink") pair.classList.remove("other");
      else if (still.matches) { if (again) flip(); } else beat = setInterval(flip, 900);
      swipe.closest("label").hidden = name !== "swipe";
    };
    const cut = () => pair.style.setProperty("--cut", swipe.value + "%");
    swipe.addEventListener("input", cut);
    cut();
    const move = by => { swipe.value = Number(swipe.value) + by; cut(); };
    keys.ArrowLeft = () => move(-2);
    keys.ArrowRight = () => move(2);
    // The mouse cuts where it is held down on the pictures.
    const follow = event => {
      if (!swiping() || !(event.buttons & 1)) return;
      const box = pair.getBoundingClientRect();
      swipe.value = Math.round(100 * (event.clientX - box.left) / box.width);
      cut();
      event.preventDefault();
    };
    pair.addEventListener("pointerdown", follow);
    pair.addEventListener("pointermove", follow);
    pair.addEventListener("dragstart", event => event.preventDefault());
    mode("side");
    document.querySelector(".modes").addEventListener("click", event => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.dataset.mode) { mode(button.dataset.mode); return; }
      if (!boxes.getAttribute("src")) boxes.src = boxes.dataset.src;
      boxes.hidden = !boxes.hidden;
      press(button, !boxes.hidden);
    });
    keys.s = () => mode({ side: "swipe", swipe: "blink", blink: "side" }[pair.dataset.mode]);
    keys.b = () => document.querySelector("[data-boxes]").click();
  }

  function count() {
    const n = all("input[name=id]:checked").length, bulk = $("#bulk");
    if (!bulk) return;
    $("#picked").textContent = String(n);
    bulk.classList.toggle("on", n > 0);
  }
  if (queue) {
    queue.addEventListener("change", event => {
      if (event.target.id === "pickall") all("input[name=id]", queue).forEach(b => { b.checked = event.target.checked; });
      count();
    });
    queue.addEventListener("click", event => {
      const r = event.target.closest("tbody tr");
      if (r && !event.target.closest("a, input, button")) go(rows().indexOf(r));
    });
    const before = rows().findIndex(r => r.dataset.id === sessionStorage.getItem("jw-at"));
    if (rows().length) go(before < 0 ? 0 : before);
    count();
  }
  document.addEventListener("click", event => {
    const open = event.target.closest("[data-open]"), close = event.target.closest("[data-close]");
    if (open) $("#" + open.dataset.open).showModal();
    if (close) $("#" + close.dataset.close).close();
  });
  // A form sent twice by a double click decides once.
  document.addEventListener("submit", event => {
    const form = event.target;
    if (form.method !== "post" || form.action.endsWith("/export")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 3000);
  });
})();
