// Tries the WebSocket text commands by hand (docs/doors/wscmd.md). It is also an example of a client: `text` counts a string as
// browsers do, `read` takes apart what the server says.

const byId = (id) => document.getElementById(id);

// The commands: their parameters in order (a number begins with #), and what they do.
const COMMANDS = {
  addchatroom: ["#messageid room_name question answer_hashed server_password", "Makes a room and joins it. Without the server's password it is deleted when the last one leaves."],
  getchatroomlist: ["#messageid", "Lists the rooms that you may see."],
  joinchatroom: ["#messageid #chatroomid #leave_other_chatrooms answerhashed", "Joins a room."],
  send: ["#messageid #chatroomid message", "Says something in a room that you are in."],
  getusersinchatroom: ["#messageid #chatroomid", "Lists who is in a room that you are in."],
  leavechatroom: ["#messageid #chatroomid", "Leaves a room."],
  getchatroomdetails: ["#messageid #chatroomid", "Tells what a room is and what it asks."],
  sendto: ["#messageid #chatclientid #userid message", "Says something to one connection or account alone."],
  login: ["#messageid username password", "Becomes an account."],
  logout: ["#messageid #disconnect", "Stops being one, and leaves all rooms."],
  adduser: ["#messageid #userid username password server_password", "Adds an account; needs the server's password."],
  removeuser: ["#messageid #userid server_password", "Removes an account that is not logged in; needs the server's password."],
  getusers: ["#messageid #status server_password", "Lists the accounts: status 1 logged in, 2 logged off, 3 both; needs the server's password."],
  removechatroom: ["#messageid #chatroomid server_password", "Deletes a room; needs the server's password."],
  sendtoall: ["server_password #messageid message", "Says something to everybody on the server; needs its password."],
  nop: ["", "Nothing; keeps the connection alive."],
};

/** A string as the protocol writes it: its length in UTF-16 code units, a comma, itself. */
const text = (value) => `${value.length},${value}`;

/** A command: a comma stands only after a number, and never before the parenthesis. */
function write(name, values) {
  const written = values.map(({ number, value }, at) => (number ? `${value || 0}${at + 1 < values.length ? "," : ""}` : text(value)));
  return `${name}(${written.join("")})`;
}

// What the fields begin with: the next number, and the room that was entered last.
const messages = { sent: 0, room: "" };

/** The form that builds a command. */
class Builder {
  #name = byId("name");
  #fields = byId("parameters");

  constructor(socket) {
    this.socket = socket;
    this.#name.append(...Object.keys(COMMANDS).map((name) => new Option(name)));
    this.#name.addEventListener("change", () => this.#choose());
    this.#fields.addEventListener("input", () => this.#show());
    byId("command").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!socket.send(this.#text())) return;
      messages.sent += 1;
      const id = this.#fields.querySelector("[name=messageid]");
      if (id) id.value = messages.sent + 1;
      this.#show();
    });
    this.#choose();
  }

  #choose() {
    const [parameters, effect] = COMMANDS[this.#name.value];
    const kept = new Map([...this.#fields.querySelectorAll("input")].map((input) => [input.name, input.value]));
    byId("effect").textContent = effect;
    this.#fields.replaceChildren(...parameters.split(" ").filter(Boolean).map((parameter) => {
      const number = parameter.startsWith("#");
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "text", name: parameter.replace("#", ""), autocomplete: "off" });
      if (number) input.inputMode = "numeric";
      input.dataset.number = number ? "yes" : "";
      const first = { messageid: messages.sent + 1, chatroomid: messages.room }[input.name];
      input.value = first || (kept.get(input.name) ?? "");
      label.append(input.name, input);
      return label;
    }));
    this.#show();
  }

  #text() {
    const values = [...this.#fields.querySelectorAll("input")].map((input) => ({ number: Boolean(input.dataset.number), value: input.value }));
    return write(this.#name.value, values);
  }

  #show() {
    byId("preview").textContent = this.#text();
  }
}

/** The connection, and the list of what went over it. */
class Socket {
  #log = byId("log");
  #socket;

  constructor() {
    byId("raw").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.send(byId("line").value)) byId("line").value = "";
    });
    byId("again").addEventListener("click", () => this.open());
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(`${scheme}//${location.host}/websocket`, "chatroom-protocol");
    this.#socket.addEventListener("open", () => this.#state("connected", true));
    this.#socket.addEventListener("message", (event) => {
      this.#add("got", event.data);
      const entered = /^(?:chatroomcreated|userjoinedchatroom)\((\d+),(\d+),/.exec(event.data);
      if (entered && Number(entered[1]) === messages.sent) messages.room = entered[2];
    });
    this.#socket.addEventListener("close", (event) => {
      this.#state(`closed${event.reason ? `: ${event.reason}` : ""}`, false);
    });
    this.#state("connecting…", false);
  }

  /** Whether it was sent. */
  send(line) {
    if (this.#socket.readyState !== WebSocket.OPEN || !line) return false;
    this.#socket.send(line);
    this.#add("sent", line);
    return true;
  }

  #state(words, open) {
    byId("state").textContent = words;
    byId("again").hidden = open || words.startsWith("connecting");
    document.querySelectorAll("form button").forEach((button) => { button.disabled = !open; });
  }

  #add(kind, line) {
    const end = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 40;
    const item = document.createElement("p");
    item.className = kind;
    item.textContent = line;
    this.#log.append(item);
    while (this.#log.childElementCount > 500) this.#log.firstElementChild.remove();
    if (end) this.#log.scrollTop = this.#log.scrollHeight;
  }
}

new Builder(new Socket());
