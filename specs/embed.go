package specs

import "embed"

// WorldSchemaFile is the JSON schema of the world file that `countersign serve --world` reads.
const WorldSchemaFile = "world.schema.json"

// files holds every vendor's folder and the schema of the world file.
//
//go:embed */*.yaml world.schema.json
var files embed.FS
