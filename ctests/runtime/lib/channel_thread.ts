// The other end of a channel, whose number is the thread's data: sends back what it gets. "end" closes it, by which the thread ends;
// "exit" ends the thread when that has been sent back.
import { workerData } from "node:worker_threads";
import { loadAddon } from "../../../runtime/addon.ts";

const end = loadAddon().joinChannel(workerData as number, (text, bytes) => {
  if (text === "end") {
    end.close();
    return;
  }
  end.post(text, bytes);
  if (text === "exit") process.exit(0);
});
end.hold(true);
