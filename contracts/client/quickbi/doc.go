// Package quickbi is a client of two operations of Alibaba Cloud Quick BI (product quickbi-public, version 2022-01-01):
// ResultCallback, which decides an application for access, and SmartqAuthorize, which grants and revokes the right to ask
// questions of data. It is written from the vendor's documents and uses the standard library only.
//
//	c, err := quickbi.New(quickbi.Config{
//		Credentials: quickbi.Credentials{AccessKeyId: id, AccessKeySecret: client.Secret(secret)},
//	})
//	reply, err := c.ResultCallback(ctx, quickbi.ResultCallbackRequest{
//		ApplicationId: application, HandleReason: "approved by finance", Status: quickbi.Approve,
//	})
//
// Requests are signed with ACS3-HMAC-SHA256 (V3), or with the older RPC signature (V1) where Config.Scheme asks for it,
// and look like those of the vendor's Go SDK (darabonba-openapi v2.0): POST on /, business parameters in the query, no
// body. Later SDKs add the header x-acs-credentials-provider, which no document names; this client does not.
//
// Both operations change something. Neither is sent again after an unclear end (see client.ErrUnknownOutcome) unless
// client.RepeatUnknown is given with the call; a revocation is the exception, for the vendor skips a repeated one.
//
// The vendor's limits: 50 calls a second for each operation, 10 s for the server's work
// (https://help.aliyun.com/document_detail/412695.html). The access key's owner must have logged on to Quick BI once, be
// an administrator of the organization or be allowed to call the API, and the edition must be the professional one.
package quickbi
