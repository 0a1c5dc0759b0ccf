// Keeps the dashboard up to date; without it the page is right when it is loaded.
"use strict";
{
  const EVERY_MS = 2000;

  const slider = document.getElementById("threshold");
  const silence = document.getElementById("silence");
  let pressed = false; // what is under a finger stays there
  let asking = false;

  function address() {
    const url = new URL(location.href); // with the page of a long list that is looked at
    url.hash = "";
    if (slider) url.searchParams.set("threshold", slider.value);
    return url;
  }

  async function refresh() {
    if (asking || pressed || document.hidden) return;
    asking = true;
    const url = address();
    try {
      const response = await fetch(url, { headers: { accept: "text/html" } });
      if (response.redirected) return location.assign(response.url); // not logged in any more
      if (!response.ok) throw new TypeError(response.statusText);
      const next = new DOMParser().parseFromString(await response.text(), "text/html");
      silence.textContent = "";
      if (!pressed && url.href === address().href) next.querySelectorAll("[data-live]").forEach(swap);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      silence.textContent = "The server does not answer; these numbers are not up to date.";
    } finally {
      asking = false;
    }
  }

  function swap(part) {
    const old = document.getElementById(part.id);
    if (!old || old.innerHTML === part.innerHTML) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(document.adoptNode(part));
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  if (document.querySelector("[data-polls]")) {
    slider?.addEventListener("input", () => {
      document.getElementById("threshold-value").textContent = slider.value;
      history.replaceState(null, "", address());
      refresh();
    });
    document.addEventListener("pointerdown", () => { pressed = true; });
    for (const end of ["pointerup", "pointercancel"])
      document.addEventListener(end, () => setTimeout(() => { pressed = false; }));
    document.addEventListener("visibilitychange", refresh);
    setInterval(refresh, EVERY_MS);
  }
}
