import { contourAddress } from "./contour";
import { GatewayLimits } from "./limits";

/**
 * The bound on one client's connections. Envoy only limits the connections of a whole filter chain, so two listeners of our own
 * take all connections, spread client addresses by hash over many chains with a limit each, and pass the bytes on to Contour's
 * listeners within the same proxy. A proxy of another make in front would count each address by itself, but is one more program
 * to update and to drain; netfilter would need privileges that the namespace forbids.
 *
 * The PROXY protocol tells Contour's listeners the client's address. Addresses with the same hash share a limit. Envoy merges
 * this into its bootstrap file.
 */
export function clientConnections(limits: GatewayLimits, ports: Record<string, number>): object {
    const limit = {
        name: "limit",
        typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit",
            stat_prefix: "clients",
            max_connections: limits.clientConnections,
        },
    };
    const entries = Object.entries(ports).map(([name, port]) => ({ name: `clients-${name}`, port }));
    return {
        static_resources: {
            listeners: entries.map(({ name, port }) => listener(name, port, limit, limits)),
            clusters: entries.map(({ name, port }) => contourListener(name, port, limits)),
        },
    };
}

/** How many chains there are. A client that is at its limit takes the connections of one other address in so many. */
const chains = 128;

/** Bytes that are on their way between the two sockets of a connection. The kernel doubles the size of a socket's buffer. */
const buffer = 32 * 1024;

/** Each chain has a count of its own for the limit. */
function listener(name: string, port: number, limit: object, { times, flushSeconds }: GatewayLimits): object {
    const forward = {
        name: "forward",
        typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            stat_prefix: name,
            cluster: name,
            // Contour's listeners end idle connections and requests, with an answer if there is still a request.
            idle_timeout: `${times.idle + flushSeconds}s`,
        },
    };
    const filters = [limit, forward];
    return {
        name,
        address: address("0.0.0.0", port),
        per_connection_buffer_limit_bytes: buffer,
        socket_options: [
            ...keepalive,
            // Milliseconds until a client is given up that takes nothing of what is sent, also after the end of its connection.
            socketOption("TCP_USER_TIMEOUT", 6, 18, 2 * flushSeconds * 1000),
        ],
        filter_chains: chainNames.map(chain => ({ name: chain, filters })),
        filter_chain_matcher: matcher,
    };
}

/** Contour's listener as the destination of the connections. It shares its port with the listener for clients. */
function contourListener(name: string, port: number, { connections }: GatewayLimits): object {
    return {
        name,
        type: "STATIC",
        connect_timeout: "5s",
        per_connection_buffer_limit_bytes: buffer,
        circuit_breakers: { thresholds: [{ max_connections: connections, max_pending_requests: connections }] },
        load_assignment: {
            cluster_name: name,
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(contourAddress, port) } }] }],
        },
        // A client that reads slowly must not fill the memory with what another buffer could hold.
        upstream_bind_config: { socket_options: [socketOption("SO_RCVBUF", 1, 8, buffer)] },
        transport_socket: {
            name: "proxy-protocol",
            typed_config: {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
                config: { version: "V2" },
                transport_socket: {
                    name: "plain",
                    typed_config: { "@type": "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer" },
                },
            },
        },
    };
}

const chainNames = Array.from({ length: chains }, (_, index) => String(index));

function chosen(chain: string): object {
    return {
        action: { name: "chain", typed_config: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: chain } },
    };
}

const source = {
    name: "address",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.SourceIPInput" },
};

/**
 * What was meant for Contour's listener, which has none of this port: without a certificate, for example. The listener for
 * clients would pass it on to itself, again and again. No chain has this name, so it is closed.
 */
const toItself = {
    predicate: {
        single_predicate: {
            input: {
                name: "destination",
                typed_config: { "@type": "type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput" },
            },
            value_match: { exact: contourAddress },
        },
    },
    on_match: chosen("none"),
};

/** Each matcher takes the hashes that are at least its threshold, of those that are left. */
const matcher = {
    matcher_list: {
        matchers: [toItself, ...chainNames.slice(1).reverse().map(chain => ({
            predicate: {
                single_predicate: {
                    input: source,
                    custom_match: {
                        name: "hash",
                        typed_config: {
                            "@type": "type.googleapis.com/envoy.extensions.matching.input_matchers.consistent_hashing.v3.ConsistentHashing",
                            modulo: chains,
                            threshold: Number(chain),
                        },
                    },
                },
            },
            on_match: chosen(chain),
        }))],
    },
    on_no_match: chosen(chainNames[0]),
};

function address(host: string, port: number): object {
    return { socket_address: { address: host, port_value: port } };
}

/** A socket option by the numbers that it has on Linux. */
function socketOption(description: string, level: number, name: number, value: number): object {
    return { description, level, name, int_value: value, state: "STATE_PREBIND" };
}

/** The same as that of Contour's listeners: clients that have vanished are noticed after a minute and a half. */
const keepalive = [
    socketOption("SO_KEEPALIVE", 1, 9, 1),
    socketOption("TCP_KEEPIDLE", 6, 4, 45),
    socketOption("TCP_KEEPINTVL", 6, 5, 5),
    socketOption("TCP_KEEPCNT", 6, 6, 9),
];
