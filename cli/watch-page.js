// Renews the parts of the page as `npm run watch` sends them, and says when it sends no more.
const connection = document.getElementById("connection");
const events = new EventSource("events");

// a part that hasn't changed isn't touched: what the reader has selected or scrolled there stays
events.addEventListener("parts", ({ data }) => {
  const { title, parts } = JSON.parse(data);
  document.title = title;
  for (const [id, html] of Object.entries(parts)) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    document.getElementById(id).replaceWith(holder.content);
  }
});
events.addEventListener("open", () => {
  connection.hidden = true;
});
events.addEventListener("error", () => {
  connection.textContent = `Not live any more since ${new Date().toLocaleTimeString()}: npm run watch doesn't answer`;
  connection.hidden = false;
});
