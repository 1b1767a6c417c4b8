// The server of streaming.mjs, which ends with it: that of the clients' tests.
import { start } from "../../../pytests/server.mjs";

process.once("disconnect", () => process.exit(0));
const { url } = await start();
const secureUrl = await (await fetch(`${url}/secure-url?certificate=self_signed`)).text();
process.send({ url, secureUrl });
