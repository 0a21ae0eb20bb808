package specs

import "embed"

// WorldSchemaFile is the JSON schema of the world file that `countersign serve --world` reads.
const WorldSchemaFile = "world.schema.json"

// AdminFile is the OpenAPI document of the admin API.
const AdminFile = "admin.yaml"

// files holds every vendor's folder, the schema of the world file and the document of the admin API.
//
//go:embed */*.yaml world.schema.json admin.yaml
var files embed.FS
