// @ts-check
/** Seconds after which the page reloads itself. */
const again = 10;

/**
 * The answer to a request that couldn't be passed on. The gateway adds nothing to it, so it is complete.
 * @param {{ seconds: number, why: string, head: boolean }} given head: whether the answer may have no body
 */
export function unavailable({ seconds, why, head }) {
    const body = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="${again}">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Still waking up</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#222}</style>
</head><body><h1>Still waking up</h1>
<p>This environment slept because nobody used it. It was not ready within ${seconds} seconds, and goes on starting.</p>
<p>This page reloads itself every ${again} seconds. If you sent something, it did not arrive: send it again.</p>
<p>If this takes minutes, <code>npm run status</code> says what is wrong. ${escape(why)}</p></body></html>
`;
    return [
        "HTTP/1.1 503 Service Unavailable", "Content-Type: text/html; charset=utf-8", `Content-Length: ${Buffer.byteLength(body)}`,
        "Cache-Control: no-store", `Retry-After: ${again}`, "Connection: close", "", head ? "" : body,
    ].join("\r\n");
}

/** @param {string} text */
function escape(text) {
    return text.replace(/[<>&"]/g, character => `&#${character.charCodeAt(0)};`);
}
