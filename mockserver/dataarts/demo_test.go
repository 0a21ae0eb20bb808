package dataarts

// What the demo records have that only tests name.
const (
	demoAK          = "EXAMPLEAK00000000000"
	demoSK          = "ExampleSecretKey0000000000000000000000000"
	demoProjectID   = "0833a5737480d53b2f25c010dc1a7b88"
	demoWorkspaceID = "9ce2cfd08fda4f3b95faa5ba65fa5ec3"
)

// demoRegions are those in which the demo account has a project: the example's, and those that the Go SDK v0.1.207 knows
// for the service.
var demoRegions = []string{demoRegion, "cn-north-1", "cn-north-2", otherRegion, "cn-east-3", "cn-east-2", "cn-south-1",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "af-south-1", "ru-northwest-2", "sa-brazil-1", "la-south-2",
	"la-north-2", "na-mexico-1", "cn-north-9", "cn-southwest-2", "ap-southeast-4", "tr-west-1", "me-east-1", "eu-west-101",
	"ae-ad-1", "cn-north-11", "ru-moscow-1", "my-kualalumpur-1"}
