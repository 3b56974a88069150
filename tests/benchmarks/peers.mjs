// Sends personalised messages through nodemailer's pool; prints the messages a second.
// node peers.mjs PORT COUNT CONNECTIONS, with nodemailer where NODE_PATH or this folder finds it.
import { createRequire } from "node:module";

const nodemailer = createRequire(process.cwd() + "/")("nodemailer");
const [port, count, maxConnections] = process.argv.slice(2).map(Number);
const transport = nodemailer.createTransport({
  host: "127.0.0.1", port, pool: true, maxConnections, maxMessages: Infinity, ignoreTLS: true,
});
const paragraphs = [0, 1, 2, 3, 4];

function message(number) {
  const name = `Ana${number % 300}`;
  const links = paragraphs.map((n) => `https://news.example.org/c/token${number}/${n}`);
  const words = (n) => `Paragraph ${n} says something to ${name} of Springfield at some length, `;
  return {
    from: "Example News <news@example.org>",
    to: `ana${number}@d${number % 500}.example`,
    subject: `${name}, we move`,
    text: paragraphs.map((n) => `${words(n)}with a link: ${links[n]}`).join("\n\n"),
    html: `<h1>We move, ${name}</h1>` + paragraphs.map((n) => `<p>${words(n)}<a href="${links[n]}">with a link</a>.</p>`).join("\n"),
    headers: {
      "List-Unsubscribe": `<https://news.example.org/u/token${number}>`,
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
  };
}

const started = performance.now();
await Promise.all(Array.from({ length: count }, (_, number) => transport.sendMail(message(number))));
console.log((count * 1000) / (performance.now() - started));
transport.close();
