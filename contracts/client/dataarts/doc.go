// Package dataarts is a client of the approvers of Huawei Cloud DataArts Studio (create, list, delete), and of the two
// calls of IAM that one needs before: a token by password, and the projects of an account. It is written from the
// vendor's documents and uses the standard library only.
//
//	c, err := dataarts.New(dataarts.Config{
//		Region: "cn-north-4", ProjectID: project, Workspace: workspace,
//		Credentials: dataarts.Credentials{AccessKey: ak, SecretKey: client.Secret(sk)},
//	})
//	for approver, err := range c.AllApprovers(ctx, dataarts.AllApproversRequest{}) { ... }
//
// Requests are authorized by a signature with an access key (SDK-HMAC-SHA256) or by an IAM token; they look like those
// of the vendor's Go SDK, which signs user-agent, workspace, x-project-id and x-sdk-date, and neither host nor
// content-type.
//
// There is no operation that changes an approver or returns a single one. Creating and deleting are not repeated after
// an unclear end (see client.ErrUnknownOutcome); lists are.
//
// The service's errors are documented with the code DS.60xx, a placeholder; so the sentinels of the service tell errors
// apart by HTTP status. What the vendor's Terraform provider reads instead, a list of errors with codes of their own, is
// read too: see Error.Errors.
package dataarts
