// Owns: that what is shown of an event's seats is what the node says now. Listens to the stream; while there is none,
// reads all seats again and again; tells which of the two it is. `EventSource` comes back by itself, with the last version
// it has heard (`Last-Event-ID`), and gives up only when it is refused: then a new one is made.
import { seatBytes } from "./api.js";
import { decode, decodeText } from "./seats.js";

const READ_AGAIN_MS = 3000;
const LISTEN_AGAIN_MS = 2000;

/** Keeps `seats` of `event` up to date until `signal`; `told` hears "live", "reading" or "lost". */
export function follow(event, seats, told, signal) {
  const path = `/events/${event}/seats`;
  let source = null;
  let state = "";
  let readAgain = 0;
  let listenAgain = 0;
  const tell = (next) => { if (next !== state) told(state = next); };

  const heard = () => {
    clearTimeout(readAgain);
    readAgain = 0;
    tell("live");
  };

  const read = async () => {
    try {
      seats.load(decode(await seatBytes(path, { signal, patience: 0 })));
      if (source?.readyState !== EventSource.OPEN) tell("reading");
    } catch {
      if (!signal.aborted) tell("lost");
    }
    if (!signal.aborted && readAgain) readAgain = setTimeout(read, READ_AGAIN_MS);
  };

  const listen = () => {
    source = new EventSource(`${path}/stream`);
    source.addEventListener("open", heard);
    source.addEventListener("snapshot", ({ data }) => {
      heard();
      // What the node says anew counts, also where it is older than what was heard from a node that is dead.
      seats.load(decodeText(JSON.parse(data).seats), true);
    });
    source.addEventListener("seats", ({ data }) => {
      heard();
      seats.apply(JSON.parse(data));
    });
    source.addEventListener("error", () => {
      // A stream that comes back at once is not worth a word.
      readAgain ||= setTimeout(read, 500);
      if (source.readyState === EventSource.CLOSED) {
        clearTimeout(listenAgain);
        listenAgain = setTimeout(listen, LISTEN_AGAIN_MS);
      }
    });
  };

  listen();
  signal.addEventListener("abort", () => {
    source?.close();
    clearTimeout(readAgain);
    clearTimeout(listenAgain);
  });
}
