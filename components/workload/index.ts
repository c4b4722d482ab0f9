export { Database, DatabaseArgs, databaseImageContext } from "./database";
export { Environment, EnvironmentArgs, Quota } from "./environment";
export { ContainerImage, ContainerImageArgs } from "./image";
export { Listener, Outside, Peer } from "./network";
export { Probes, Resource } from "./pod";
export { Exposure, Gateway } from "./route";
export { ScheduledTask, ScheduledTaskArgs } from "./scheduled-task";
export { VolumeArgs } from "./volume";
export { WebService, WebServiceArgs } from "./web-service";
