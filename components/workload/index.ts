export { Database, DatabaseArgs, databaseImageContext } from "./database";
export { Environment, EnvironmentArgs, Quota } from "./environment";
export { ContainerImage, ContainerImageArgs } from "./image";
export { Listener, Outside, Peer } from "./network";
export { ScheduledTask, ScheduledTaskArgs } from "./scheduled-task";
export { readEnvironment, StandingEnvironment, StandingVolume } from "./standing";
export { classOf } from "./volume";
export { Gateway, WebService, WebServiceArgs } from "./web-service";
