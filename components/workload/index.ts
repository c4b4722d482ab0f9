export { Database, DatabaseArgs } from "./database";
export { Environment, EnvironmentArgs, Quota } from "./environment";
export { ContainerImage, ContainerImageArgs } from "./image";
export { Listener, Peer } from "./network";
export { Gateway, WebService, WebServiceArgs } from "./web-service";
