// Answers, at once: the next page is painted before the answer to the last one is acknowledged, and
// taken back if it could not be saved. Without the script every page is a plain form and still works.
"use strict";
{
  // Nobody looks at a new example and answers it in this time: such a press is the end of the last.
  const SETTLE_MS = 300;
  // A picture that takes longer than this appears after its page.
  const PICTURE_MS = 400;
  // A server that takes longer than this does not answer.
  const PATIENCE_MS = 20000;

  const live = document.getElementById("live");
  const answers = () => document.getElementById("answers");
  const parse = (html) => new DOMParser().parseFromString(html, "text/html");

  let ahead = null; // the page that comes next if nothing changes, and the images it needs
  let sent = null; // the answer under way: its page, its button, whether the next page is painted
  let held = null; // the button pressed on a page painted ahead; one at most, sent when the one before is saved
  let unsaved = null; // the answer that could not be saved
  let shownAt = 0;

  const settled = () => performance.now() - shownAt > SETTLE_MS;

  // ---------------------------------------------------------------- answering

  function press(button) {
    if (!sent) return void send(button);
    if (!sent.painted || held) return;
    held = button;
    button.classList.add("chosen");
  }

  async function send(button) {
    const { form } = button;
    const body = new URLSearchParams(new FormData(form, button));
    sent = { page: document.getElementById("page"), button, painted: false };
    // what could not be saved before is sent without running ahead
    const next = button.name === "answer" && !unsaved && ahead;
    unsaved = ahead = null;
    button.classList.add("chosen");
    form.querySelector("#unsaved")?.setAttribute("hidden", "");
    say("");
    if (next) {
      show(next.page);
      sent.painted = true;
    }
    const { reply, url, why } = await post(button.getAttribute("formaction") ?? form.action, body);
    if (reply) await settle(reply, url);
    else comeBack(why);
  }

  // Return the page that the server answers with; or why what was sent is not saved.
  async function post(action, body) {
    let response, html;
    try {
      response = await fetch(action, {
        method: "POST",
        body,
        headers: { accept: "text/html" },
        keepalive: true, // an answer outlives its page
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      html = await response.text();
    } catch {
      return {
        why: navigator.onLine
          ? "The server does not answer. Once it does, send it again: it counts once."
          : "There is no network. It is sent again when the network is back.",
      };
    }
    const reply = parse(html);
    // Only what was recorded, or judged, is led on to another page.
    if (!response.ok && !response.redirected)
      return { why: reply.getElementById("message")?.textContent ?? "The server could not take it." };
    if (new URL(response.url).pathname === "/")
      return { why: "The server asks who you are. Open the start page, or your link, in another tab first." };
    return { reply, url: response.url };
  }

  // The server has the answer, and says what comes next.
  async function settle(reply, url) {
    const { button, painted } = sent;
    const goesOn = painted && isSame(answers(), reply.getElementById("answers"));
    if (!goesOn) await pictures(reply);
    sent.button.classList.remove("chosen");
    sent = null;
    const waiting = held;
    held = null;
    if (goesOn) {
      adopt(reply);
    } else {
      show(reply);
      tell();
      history.replaceState(null, "", new URL(url).pathname);
      if (waiting) say("Another example comes first. Your last press answered nothing.");
    }
    if (goesOn && waiting) send(waiting);
    else lookAhead().catch(() => {}); // the next page is then slower, and still right
  }

  // Whether a page that was painted ahead is the one that the server shows.
  function isSame(form, other) {
    const shown = (one) => [...one.querySelectorAll(".panel > * > span")].map((name) => name.textContent.trim());
    return form?.dataset.after === other?.dataset.after && shown(form).join("\n") === shown(other).join("\n");
  }

  // Make a page that was painted ahead answerable, and say what the server says.
  function adopt(reply) {
    answers().elements.ticket.value = reply.getElementById("answers").elements.ticket.value;
    for (const part of ["header .progress", "#flash"])
      document.querySelector(part)?.replaceWith(document.adoptNode(reply.querySelector(part)));
    tell();
  }

  // Show again what could not be saved, say why, and let it be sent again.
  function comeBack(why) {
    const { page, button } = sent;
    if (sent.painted) document.getElementById("page").replaceWith(page);
    sent = held = null;
    unsaved = button;
    const note = page.querySelector("#unsaved");
    const text = `Your answer to this example is not saved. ${why}`;
    if (note) {
      note.firstElementChild.textContent = text;
      note.hidden = false;
      note.querySelector("button").focus();
    } else {
      say(text);
    }
    window.scrollTo(0, 0);
    arrived();
  }

  document.addEventListener("submit", (event) => {
    if (event.target.id !== "answers") return;
    event.preventDefault();
    if (settled() && event.submitter) press(event.submitter);
  });

  // A box is ticked at once, so it has to wait for the new example as answers do.
  document.addEventListener(
    "click",
    (event) => {
      if (event.target.matches("#answers [type=checkbox]") && !settled()) event.preventDefault();
      else if (event.target.closest("#unsaved button") && unsaved && !sent) send(unsaved);
    },
    true,
  );

  window.addEventListener("online", () => {
    if (unsaved && !sent) send(unsaved);
  });

  // ---------------------------------------------------------------- pages

  // Wait for the example's picture, so that a page never shows the answers before the question.
  function pictures(page, images = new Map()) {
    const image = page.querySelector(".example img");
    if (!image) return null;
    const src = image.getAttribute("src");
    const same = images.get(src) ?? Object.assign(new Image(), { src });
    const late = new Promise((resolve) => setTimeout(resolve, PICTURE_MS));
    return Promise.race([same.decode().catch(() => {}), late]);
  }

  function show(next) {
    const focused = document.activeElement;
    const back = focused?.matches("button:focus-visible") && focused.dataset.action;
    document.title = next.title;
    document.getElementById("page").replaceWith(document.adoptNode(next.getElementById("page")));
    const dialogs = next.getElementById("dialogs");
    if (dialogs && !document.getElementById("dialogs")) document.body.append(document.adoptNode(dialogs));
    window.scrollTo(0, 0);
    const main = document.querySelector("main");
    const first = document.querySelector("[data-next]");
    const again = back && document.querySelector(`#page button[data-action="${CSS.escape(back)}"]`);
    (first || again || main).focus({ preventScroll: true });
    arrived();
  }

  // Say for those who do not see the page what it says once, or else which page it is.
  function tell() {
    live.textContent = document.getElementById("flash")?.textContent || document.title;
  }

  function say(text) {
    const flash = document.getElementById("flash");
    if (flash) flash.textContent = text;
    live.textContent = text;
  }

  function arrived() {
    shownAt = performance.now();
    document.dispatchEvent(new Event("errata-arrived"));
  }

  // Fetch the page that comes next, and what it shows; nothing is handed out for it.
  async function lookAhead() {
    const form = answers();
    if (!form?.dataset.after) return;
    const response = await fetch(form.dataset.after, { headers: { accept: "text/html" } });
    if (response.status !== 200) return;
    const page = parse(await response.text());
    const sources = [...page.querySelectorAll("img[src]")].map((image) => image.getAttribute("src"));
    const images = new Map(sources.map((src) => [src, Object.assign(new Image(), { src })]));
    const clip = page.querySelector(".example audio");
    await Promise.all([pictures(page, images), clip && fetch(clip.getAttribute("src"))]);
    if (answers() === form && !sent) ahead = { page, images };
  }

  document.addEventListener("errata-resumed", () => {
    shownAt = performance.now();
  });

  // A page that the browser kept and brings back may have been answered since.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  document.documentElement.classList.add("scripted");
  // Not on a phone, where the keyboard would cover what the page explains.
  if (matchMedia("(hover: hover)").matches) document.getElementById("name")?.focus({ preventScroll: true });
  arrived();
  lookAhead().catch(() => {});
}
