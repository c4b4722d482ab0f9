import * as net from "node:net";

/** A port of 127.0.0.1 behind which another address answers. */
export interface Forward {
    port: number;
    close: () => void;
}

/** Forwards connections; one that the address refuses or drops is dropped too. */
export async function forward(host: string, port: number): Promise<Forward> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer(client => {
        const upstream = net.connect({ host, port });
        for (const [socket, other] of [[client, upstream], [upstream, client]]) {
            sockets.add(socket);
            socket.on("error", () => other.destroy()).on("close", () => {
                sockets.delete(socket);
                other.destroy();
            });
        }
        client.pipe(upstream).pipe(client);
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const { port: own } = server.address() as net.AddressInfo;
    return { port: own, close: () => { sockets.forEach(socket => socket.destroy()); server.close(); } };
}
