// Sets the look before the page is drawn, so that it does not flash.
(() => {
  const look = localStorage.getItem("theme");
  if (look === "light" || look === "dark") document.documentElement.dataset.theme = look;
})();
