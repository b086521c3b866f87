// One room's WebSocket: joins, posts, and comes back by itself after a loss.
//
// The server speaks JSON, one object a frame:
//   {"joined": room, "recent": [line, ..]}     once, first
//   {"n", "at", "user", "text"}                a line of the room
//   {"missed": n}                              this reader was too slow for n lines
//   {"ok": id} | {"refused": id, "why": text}  what became of our {"id", "text"}

const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 15_000;

export class Link {
  #socket = null;
  #timer = 0;
  #attempt = 0;
  #on;

  /** `on` has: state(state, retryAtMs), joined(lines), line(line), missed(n), fate(id, why | null), lost(). */
  constructor(room, user, on) {
    this.room = room;
    this.user = user;
    this.#on = on;
    this.state = "connecting";
    this.open();
  }

  open() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#set("connecting");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const url = `${scheme}://${location.host}/ws/${this.room}?user=${encodeURIComponent(this.user)}`;
    const socket = new WebSocket(url);
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = () => this.#again();
    this.#socket = socket;
  }

  /** Closes for good. */
  close() {
    clearTimeout(this.#timer);
    this.#drop();
  }

  /** False when there is no connection to post on. */
  post(id, text) {
    if (this.state !== "live") return false;
    this.#socket.send(JSON.stringify({ id, text }));
    return true;
  }

  #take(frame) {
    if ("text" in frame) this.#on.line(frame);
    else if ("missed" in frame) this.#on.missed(frame.missed);
    else if ("ok" in frame) this.#on.fate(frame.ok, null);
    else if ("refused" in frame) this.#on.fate(frame.refused, frame.why);
    else if ("joined" in frame) {
      this.#attempt = 0;
      this.#set("live");
      this.#on.joined(frame.recent);
    }
  }

  // Doubling waits with jitter, so that a restarted server is not met by everyone at once.
  #again() {
    if (this.state === "live") this.#on.lost();
    const ceiling = Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** this.#attempt);
    const wait = ceiling / 2 + (Math.random() * ceiling) / 2;
    this.#attempt += 1;
    this.#set("lost", Date.now() + wait);
    this.#timer = setTimeout(() => this.open(), wait);
  }

  #set(state, retryAtMs = 0) {
    this.state = state;
    this.#on.state(state, retryAtMs);
  }

  #drop() {
    if (!this.#socket) return;
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }
}
