// Follows the logs of a run that has not ended: asks for what came since, once a second.
"use strict";
(() => {
  const logs = [...document.querySelectorAll("pre.log[data-open]")];
  const status = document.getElementById("status");
  async function follow(log) {
    let pause = 1000;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      let piece;
      try {
        const address = `${log.dataset.address}&offset=${log.dataset.offset}`;
        const answer = await fetch(address, { credentials: "same-origin" });
        if (!answer.ok) return;
        piece = await answer.json();
        pause = 1000;
      } catch {
        pause = Math.min(pause * 2, 15000);
        continue;
      }
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      if (piece.text) log.append(piece.text);
      log.dataset.offset = piece.offset;
      if (atEnd) log.scrollTop = log.scrollHeight;
      if (piece.done) {
        if (status && status.textContent.trim() !== piece.status) location.reload();
        return;
      }
    }
  }
  for (const log of logs) {
    log.scrollTop = log.scrollHeight;
    follow(log);
  }
  // A run that has not begun has no log to follow: look again until it has.
  const state = status ? status.textContent.trim() : "";
  if (!logs.length && (state === "NotStarted" || state === "Running")) {
    setTimeout(() => location.reload(), 2000);
  }
})();
