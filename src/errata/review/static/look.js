// Looking closer: a picture large, the shape of a sound, all of a text.
"use strict";
{
  const LONGEST_S = 300; // a longer sound is not drawn: it would take too much memory

  // ---------------------------------------------------------------- pictures

  function zoom() {
    const image = document.querySelector("#page .zoom img");
    const dialog = document.getElementById("zoom");
    if (!image || !dialog) return false;
    const large = dialog.querySelector("img");
    large.src = image.src;
    large.className = image.className;
    dialog.showModal();
    return true;
  }

  document.addEventListener("click", (event) => {
    const dialog = event.target.closest("#zoom");
    if (dialog) dialog.close();
    else if (event.target.closest("[data-zooms]")) zoom();
  });

  // ---------------------------------------------------------------- sounds

  function play() {
    const clip = document.querySelector("#page .example audio");
    if (!clip) return false;
    if (!clip.paused) clip.pause();
    else clip.play().catch(() => {}); // the player itself says what is wrong
    return true;
  }

  // Return the loudest point of each of so many pieces of a sound, from 0 to 1.
  function peaks(sound, pieces) {
    const found = new Float32Array(pieces);
    for (let channel = 0; channel < sound.numberOfChannels; channel++) {
      const samples = sound.getChannelData(channel);
      for (let place = 0; place < samples.length; place++) {
        const piece = Math.floor((place / samples.length) * pieces);
        found[piece] = Math.max(found[piece], Math.abs(samples[place]));
      }
    }
    const loudest = found.reduce((one, other) => Math.max(one, other), 0);
    return loudest ? found.map((one) => one / loudest) : found;
  }

  function draw(canvas, shape, part) {
    const { width, height } = canvas;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    context.clearRect(0, 0, width, height);
    const step = width / shape.length;
    for (const [place, one] of shape.entries()) {
      const tall = Math.max(1, one * (height - 4));
      context.fillStyle = place < part * shape.length ? style.getPropertyValue("--accent") : style.color;
      context.fillRect(place * step, (height - tall) / 2, Math.max(1, step * 0.7), tall);
    }
    context.fillStyle = style.getPropertyValue("--accent");
    context.fillRect(Math.min(width - 2, part * width), 0, 2, height);
  }

  // Draw a sound above its player. Where that fails, the player is there all the same.
  async function wave(canvas, clip) {
    if (!clip.duration) await new Promise((resolve) => clip.addEventListener("loadedmetadata", resolve, { once: true }));
    if (!(clip.duration <= LONGEST_S)) return;
    const bytes = await (await fetch(clip.src)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(bytes);
    canvas.hidden = false;
    const scale = devicePixelRatio;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    const shape = peaks(sound, Math.max(1, Math.floor(canvas.clientWidth / 3)));
    const redraw = () => draw(canvas, shape, clip.currentTime / clip.duration);
    const follow = () => {
      redraw();
      if (!clip.paused && clip.isConnected) requestAnimationFrame(follow);
    };
    for (const event of ["play", "pause", "seeked", "timeupdate"]) clip.addEventListener(event, follow);
    canvas.addEventListener("click", (event) => {
      clip.currentTime = (event.offsetX / canvas.clientWidth) * clip.duration;
    });
    redraw();
  }

  // ---------------------------------------------------------------- texts

  function fold(button) {
    const text = button.previousElementSibling;
    button.hidden = text.scrollHeight <= text.clientHeight + 1;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-unfolds]");
    if (!button) return;
    const all = button.closest(".example").classList.toggle("unfolded");
    button.textContent = all ? "Show less" : "Show all";
    button.setAttribute("aria-expanded", all);
  });

  // ----------------------------------------------------------------

  document.addEventListener("errata-look", (event) => {
    if (play() || zoom()) event.preventDefault();
  });

  document.addEventListener("errata-arrived", () => {
    const button = document.querySelector("[data-unfolds]");
    if (button) fold(button);
    const canvas = document.querySelector(".example canvas.wave");
    if (canvas?.hidden) wave(canvas, canvas.parentElement.querySelector("audio")).catch(() => {});
  });
}
