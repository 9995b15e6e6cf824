// Keeps a page up to date: asks every few seconds whether there is something new, and takes the new
// content in place of the old one, unless somebody is at work in it.
"use strict";
(() => {
  const pause = 5000;
  const hasAct = () => document.querySelector(".done.running, .done.waiting") !== null;
  const isBusy = (live) =>
    live.querySelector("details.deed[open]") !== null ||
    (live.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName));
  let wait = pause;
  async function look() {
    const live = document.getElementById("live");
    if (!live && hasAct()) location.reload();
    if (!live || document.hidden || isBusy(live)) return;
    if (!hasAct()) {
      if (!live.dataset.version) return;
      const said = await fetch("/control/version", { credentials: "same-origin" });
      if (!said.ok) throw new Error("not now");
      if ((await said.json()).version === live.dataset.version) return;
    }
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error("not now");
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (!fresh || isBusy(live)) return;
    const frame = live.querySelector("iframe.plan");
    const next = fresh.querySelector("iframe.plan");
    // A plan that is the same is not loaded anew: it keeps what was opened in it.
    const same = frame && next && live.dataset.plan === fresh.dataset.plan;
    live.querySelectorAll(":scope > *").forEach((one) => { if (!same || !one.contains(frame)) one.remove(); });
    const kept = same ? live.firstElementChild : null;
    let after = false;
    for (const one of [...fresh.children]) {
      if (same && one.contains(next)) after = true;
      else if (kept && !after) live.insertBefore(one, kept);
      else live.append(one);
    }
    live.dataset.version = fresh.dataset.version;
    live.dataset.plan = fresh.dataset.plan || "";
  }
  async function turn() {
    try {
      await look();
      wait = pause;
    } catch {
      wait = Math.min(wait * 2, 60000);
    }
    setTimeout(turn, hasAct() ? 1000 : wait);
  }
  setTimeout(turn, hasAct() ? 500 : wait);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look().catch(() => {}); });
})();
