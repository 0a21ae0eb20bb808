package specs

import "embed"

// files holds every vendor's folder.
//
//go:embed */*.yaml
var files embed.FS
