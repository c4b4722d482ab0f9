/** The ports of every node on which the gateway answers, on targets without load balancers. */
export const gatewayPorts = { http: 30080, https: 30443 };
