// What pages of the console do in the browser: times in the chosen zone, charts, dialogs,
// the palette, and fetching again what is live. All contents come from the server.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (event, selector, act) => document.addEventListener(event, (e) => {
    const found = e.target.closest?.(selector);
    if (found) act(found, e);
  });

  // A login link has its code in the fragment, which a browser sends to nobody.
  const login = document.getElementById("login");
  if (login && location.hash.length > 1) {
    login.elements.code.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", location.pathname + location.search);
    if (login.dataset.ask === undefined) login.submit(); // else a link could put its own session in the place of another
  }

  // Times.
  const zoneOf = (time) => ({ key: time.dataset.zone || "UTC", utc: "UTC", local: undefined })[localStorage.getItem("zone") || "key"];
  const writeTimes = (within) => all("time[datetime]", within).forEach((time) => {
    const at = new Date(time.dateTime);
    if (isNaN(at)) return;
    try {
      time.textContent = at.toLocaleString("en-GB", {
        timeZone: zoneOf(time), day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
      });
    } catch { /* the browser does not know the zone: the server's text stays */ }
    time.title = at.toISOString() + ", " + ago(at);
  });
  const ago = (at) => {
    const seconds = Math.round((at - Date.now()) / 1000);
    const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]].find(([, s]) => Math.abs(seconds) >= s) || ["second", 1];
    return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
  };

  // Switches, whose choice the browser keeps.
  const applyTheme = () => {
    const look = localStorage.getItem("theme");
    if (look === "light" || look === "dark") document.documentElement.dataset.theme = look;
    else delete document.documentElement.dataset.theme;
  };
  all("[data-switch]").forEach((fieldset) => {
    const name = fieldset.dataset.switch, kept = localStorage.getItem(name);
    all("input", fieldset).forEach((input) => { if (kept) input.checked = input.value === kept; });
  });
  on("change", "[data-switch] input", (input) => {
    localStorage.setItem(input.closest("[data-switch]").dataset.switch, input.value);
    applyTheme();
    writeTimes(document);
    drawCharts(document);
  });

  // Charts. Each has a table beside it for those who do not see it.
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let library;
  const loadLibrary = () => library ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.body.dataset.uplot;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
  const compact = new Intl.NumberFormat("en", { notation: "compact" });
  const drawChart = (place) => {
    const chart = JSON.parse(place.dataset.chart);
    const zone = { key: chart.zone || "UTC", utc: "UTC", local: Intl.DateTimeFormat().resolvedOptions().timeZone }[localStorage.getItem("zone") || "key"];
    const days = chart.step >= 86400; // they are dates, which no zone moves
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const bars = window.uPlot.paths.bars({ size: [0.7, 40], radius: 0.15 });
    const series = chart.series.map((one) => ({ fill: colour("--" + one.tone), stroke: colour("--" + one.tone), width: 0, paths: bars, points: { show: false } }));
    // Bars stand on each other: the later ones are drawn first, as high as all below them.
    const heights = [];
    chart.series.forEach((one, n) => heights.push(one.values.map((value, at) => value + (n ? heights[n - 1][at] : 0))));
    place.replaceChildren();
    const shown = (at, form) => new Date(at * 1000).toLocaleString("en-GB", { timeZone: days ? "UTC" : zone, ...form });
    const ticks = (_, all) => all.map((at) => {
      const hour = shown(at, { hour: "2-digit", minute: "2-digit" });
      return days || hour === "00:00" ? shown(at, { day: "numeric", month: "short" }) : hour;
    });
    const readout = document.createElement("p");
    readout.className = "readout";
    readout.hidden = true;
    const when = (at) => shown(at, { day: "numeric", month: "short", ...(days ? {} : { hour: "2-digit", minute: "2-digit" }) });
    const readAt = (at) => {
      readout.hidden = at == null;
      if (at != null) readout.textContent = [when(chart.times[at]), ...chart.series.map((one) => one.label + " " + one.values[at].toLocaleString("en"))].join(" · ");
    };
    new window.uPlot({
      width: place.clientWidth, height: place.clientHeight,
      tzDate: (at) => window.uPlot.tzDate(new Date(at * 1000), days ? "UTC" : zone),
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      legend: { show: false },
      hooks: { setCursor: [(plot) => readAt(plot.cursor.idx)] },
      scales: { x: { range: (_, min, max) => [min - chart.step / 2, max + chart.step / 2] }, y: { range: (_, __, max) => [0, Math.max(max * 1.05, 4)] } },
      axes: [{ ...axis, size: 26, gap: 2, grid: { show: false }, values: ticks, incrs: [3600, 10800, 21600, 43200, 86400, 172800, 432000, 864000] }, { ...axis, size: 48, values: (_, all) => all.map((tick) => compact.format(tick)) }],
      series: [{}, ...series.reverse()],
    }, [chart.times, ...heights.reverse()], place);
    place.append(readout);
  };
  const drawCharts = (within) => {
    const places = all(".chart[data-chart]", within);
    if (places.length) loadLibrary().then(() => places.forEach(drawChart), () => {});
  };
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(() => drawCharts(document), 150); });

  // The menu of narrow windows.
  const nav = document.getElementById("nav");
  const openMenu = (open) => {
    nav.classList.toggle("open", open);
    document.querySelector(".menu").setAttribute("aria-expanded", open);
    if (open) nav.querySelector("a").focus();
  };
  on("click", ".menu", () => openMenu(!nav.classList.contains("open")));
  on("click", "main, .bar > :not(.menu)", () => nav?.classList.contains("open") && openMenu(false));

  // Dialogs.
  on("click", "[data-dialog]", (button) => document.getElementById(button.dataset.dialog)?.showModal());
  on("click", "[data-close]", (button) => button.closest("dialog").close());
  on("click", "dialog", (dialog, e) => { if (e.target === dialog) dialog.close(); });
  on("input", "[data-typed]", (input) => {
    input.form.querySelector("[data-needs-typed]").disabled = input.value.trim() !== input.dataset.typed;
  });

  // The palette.
  const palette = document.getElementById("palette"), found = document.getElementById("found");
  const openPalette = () => {
    const input = palette.querySelector("input");
    palette.showModal();
    input.select();
    window.htmx.trigger(input, "palette");
  };
  on("click", "[data-palette]", openPalette);
  on("keydown", "#palette", (_, e) => {
    const links = all("a", found), at = links.findIndex((link) => link.getAttribute("aria-selected") === "true");
    const choose = (n) => links.forEach((link, i) => { link.setAttribute("aria-selected", i === n); if (i === n) link.scrollIntoView({ block: "nearest" }); });
    if (e.key === "ArrowDown") choose(Math.min(at + 1, links.length - 1));
    else if (e.key === "ArrowUp") choose(Math.max(at - 1, 0));
    else if (e.key === "Enter") links[Math.max(at, 0)]?.click();
    else if (e.key === "Escape") palette.close(); // at once: a search field would only be emptied
    else return;
    e.preventDefault();
  });
  document.addEventListener("keydown", (e) => {
    const writing = e.target.closest?.("input, textarea, select");
    if (palette && ((e.key === "k" && (e.ctrlKey || e.metaKey)) || (e.key === "/" && !writing && !document.querySelector("dialog[open]")))) {
      e.preventDefault();
      openPalette();
    }
    if (e.key === "Escape" && nav?.classList.contains("open")) openMenu(false);
  });

  // Copying.
  on("click", "[data-copy]", async (button) => {
    const text = document.getElementById(button.dataset.copy).textContent, before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      button.textContent = "Press Ctrl C";
    }
    setTimeout(() => { button.textContent = before; }, 1500);
  });

  // Selecting rows.
  const countRows = () => {
    const rows = all("input[name=key]:checked").length, box = document.getElementById("selected");
    if (!box) return;
    box.hidden = rows === 0;
    box.querySelector("b").textContent = rows === 1 ? "1 key" : rows + " keys";
  };
  on("change", "#all-rows", (box) => { all("input[name=key]").forEach((row) => { row.checked = box.checked; }); countRows(); });
  on("change", "input[name=key]", countRows);

  // A whole secret is no search: only its beginning goes to the server, where addresses are logged.
  document.addEventListener("htmx:configRequest", (e) => {
    const typed = e.detail.parameters.q;
    if (typeof typed === "string" && /^[a-z0-9_]{1,30}_[A-Za-z0-9]{30,}$/.test(typed.trim())) {
      const short = typed.trim().replace(/(_[A-Za-z0-9]{5})[A-Za-z0-9]{25,}$/, "$1");
      e.detail.parameters.q = short;
      if (e.detail.elt.matches?.("form, input")) (e.detail.elt.elements?.q || e.detail.elt).value = short;
    }
  });

  // What is live waits while nobody looks, or somebody is busy in it.
  const isBusy = (place) => document.hidden || document.querySelector("dialog[open]") || place.contains(document.activeElement) || all("input[name=key]:checked", place).length > 0;
  document.addEventListener("htmx:beforeRequest", (e) => {
    const place = e.detail.elt;
    if (place.dataset.live === undefined || e.detail.requestConfig.triggeringEvent?.type === "now") return;
    if (isBusy(place)) e.preventDefault();
  });
  // Somebody may have begun to be busy while it was under way.
  document.addEventListener("htmx:beforeSwap", (e) => {
    const asked = e.detail.requestConfig;
    if (asked?.elt?.dataset.live !== undefined && asked.triggeringEvent?.type !== "now" && isBusy(e.detail.target)) e.detail.shouldSwap = false;
  });
  // A page with a secret is shown once: going back or loading again asks for the key.
  const forgetForm = () => { const shown = document.querySelector("[data-path]"); if (shown) history.replaceState(null, "", shown.dataset.path); };

  const ready = (within) => { writeTimes(within); drawCharts(within); forgetForm(); countRows(); };
  document.addEventListener("htmx:afterSettle", (e) => ready(e.detail.elt.parentNode || document));
  ready(document);
})();
