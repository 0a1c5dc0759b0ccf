// Keys and speed for the review pages; without it every page is a plain form and still works.
"use strict";
{
  // Nobody looks at a new example and answers it in this time: such a press is the end of the last.
  const SETTLE_MS = 300;
  // A picture that takes longer than this appears after its page.
  const PICTURE_MS = 400;

  const live = document.getElementById("live");
  let early = new Map(); // pictures of the next page, by address
  let sending = false;
  let shownAt = 0;

  const settled = () => performance.now() - shownAt > SETTLE_MS;

  // ---------------------------------------------------------------- answering

  async function send(form, button) {
    sending = true;
    button.classList.add("chosen");
    say("", false);
    try {
      const response = await fetch(button.getAttribute("formaction") ?? form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form, button)),
        headers: { accept: "text/html" },
      });
      const next = new DOMParser().parseFromString(await response.text(), "text/html");
      await pictures(next);
      show(next, response.url);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      say("The server does not answer. Start it again, then answer again: it counts once.", true);
    } finally {
      button.classList.remove("chosen");
      sending = false;
    }
  }

  // Wait for the example's picture, so that a page never shows the answers before the question.
  function pictures(page) {
    const image = page.querySelector(".example img");
    if (!image) return null;
    const same = early.get(image.getAttribute("src")) ?? new Image();
    same.src ||= image.getAttribute("src");
    const late = new Promise((resolve) => setTimeout(resolve, PICTURE_MS));
    return Promise.race([same.decode().catch(() => {}), late]);
  }

  function show(next, url) {
    const focused = document.activeElement;
    const back = focused?.matches("button:focus-visible") && focused.dataset.keys;
    document.title = next.title;
    document.getElementById("page").replaceWith(document.adoptNode(next.getElementById("page")));
    const dialog = next.getElementById("keys");
    if (dialog && !document.getElementById("keys")) document.body.append(document.adoptNode(dialog));
    history.replaceState(null, "", new URL(url).pathname);
    window.scrollTo(0, 0);
    const main = document.querySelector("main");
    ((back && byKeys(back)) || main).focus({ preventScroll: true });
    live.textContent = document.getElementById("flash")?.textContent ?? document.title;
    arrived();
  }

  function arrived() {
    shownAt = performance.now();
    const after = document.getElementById("answers")?.dataset.after;
    if (after) fetchEarly(after).catch(() => {}); // the next page is then slower, and still right
  }

  async function fetchEarly(after) {
    const { pictures } = await (await fetch(after, { headers: { accept: "application/json" } })).json();
    early = new Map(pictures.map((url) => [url, Object.assign(new Image(), { src: url })]));
  }

  function say(text, wrong) {
    const flash = document.getElementById("flash");
    if (flash) flash.textContent = text;
    flash?.classList.toggle("wrong", wrong);
    live.textContent = text;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id !== "answers") return;
    event.preventDefault();
    if (!sending && settled() && event.submitter) send(form, event.submitter);
  });

  // ---------------------------------------------------------------- keys

  const byKeys = (keys) => document.querySelector(`[data-keys="${CSS.escape(keys)}"]`);

  // The digits' places on the keyboard count as well as what they type: on some, "1" needs Shift.
  function names(event) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    return [event.key.length === 1 ? event.key.toLowerCase() : event.key, digit?.[1]];
  }

  function scrolls(event) {
    const pages = { " ": event.shiftKey ? -1 : 1, PageDown: 1, PageUp: -1 }[event.key];
    const box = document.querySelector("[data-scroll]");
    if (!pages || !box || box.scrollHeight <= box.clientHeight) return false;
    box.scrollBy({ top: pages * 0.85 * box.clientHeight, behavior: "instant" });
    return true;
  }

  function plays(event) {
    const clip = event.key === " " && document.querySelector(".example audio");
    if (!clip) return false;
    if (!clip.paused) clip.pause();
    else clip.play().catch(() => {}); // the player itself says what is wrong
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || localStorage.getItem("errata-keys") === "off") return;
    const where = event.target;
    if (where.matches("input:not([type=checkbox]), textarea, select")) return;
    // In a box that scrolls, up and down scroll.
    if (where.closest("[data-scroll], .rows") && /^Arrow/.test(event.key)) return;
    if (where.matches("button, a, summary") && (event.key === " " || event.key === "Enter")) return;
    if (where.matches("[type=checkbox]") && event.key === " ") return;
    // A player that has the focus has keys of its own.
    if (where.matches("audio") && /^( |Enter|Home|End|Page.*|Arrow.*)$/.test(event.key)) return;
    const pressed = names(event);
    const button = [...document.querySelectorAll("[data-keys]")].find((each) =>
      each.dataset.keys.split(" ").some((key) => pressed.includes(key)),
    );
    if (button) {
      event.preventDefault();
      // A box is ticked at once, so it has to wait for the new example as answers do.
      if (!event.repeat && (button.type !== "checkbox" || settled())) button.click();
    } else if (plays(event) || scrolls(event)) {
      event.preventDefault();
    }
  });

  // ---------------------------------------------------------------- the key card

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (!opener) return;
    document.getElementById("use-keys").checked = localStorage.getItem("errata-keys") !== "off";
    document.getElementById(opener.dataset.opens).showModal();
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "use-keys")
      localStorage.setItem("errata-keys", event.target.checked ? "on" : "off");
  });

  document.documentElement.classList.add("scripted");
  // Not on a phone, where the keyboard would cover what the page explains.
  if (matchMedia("(hover: hover)").matches) document.getElementById("name")?.focus({ preventScroll: true });
  arrived();
}
