package main

import (
	"reflect"

	"github.com/countersign/countersign/fixtures/gen/dataarts"
	"github.com/countersign/countersign/fixtures/gen/quickbi"
	"github.com/countersign/countersign/fixtures/gen/wps"
)

// recordTypes are the types of the typed library by the name of their kind. A test holds every kind's records to its type.
type recordTypes map[string]reflect.Type

var quickbiRecords = recordTypes{
	"organizations":         reflect.TypeFor[quickbi.Organization](),
	"users":                 reflect.TypeFor[quickbi.User](),
	"access_keys":           reflect.TypeFor[quickbi.AccessKey](),
	"workspaces":            reflect.TypeFor[quickbi.Workspace](),
	"resources":             reflect.TypeFor[quickbi.Resource](),
	"applications":          reflect.TypeFor[quickbi.Application](),
	"cubes":                 reflect.TypeFor[quickbi.Cube](),
	"llm_cubes":             reflect.TypeFor[quickbi.LlmCube](),
	"llm_cube_themes":       reflect.TypeFor[quickbi.LlmCubeTheme](),
	"authorizations":        reflect.TypeFor[quickbi.Authorization](),
	"audit_log":             reflect.TypeFor[quickbi.AuditRecord](),
	"failed_authorizations": reflect.TypeFor[quickbi.FailedAuthorization](),
}

var wpsRecords = recordTypes{
	"approval_defines":         reflect.TypeFor[wps.ApprovalDefine](),
	"approval_defines_current": reflect.TypeFor[wps.ApprovalDefineCurrent](),
	"companies":                reflect.TypeFor[wps.Company](),
	"users":                    reflect.TypeFor[wps.User](),
	"departments":              reflect.TypeFor[wps.Group](),
	"user_groups":              reflect.TypeFor[wps.Group](),
	"apps":                     reflect.TypeFor[wps.App](),
	"tokens":                   reflect.TypeFor[wps.Token](),
	"codes":                    reflect.TypeFor[wps.Code](),
	"refresh_tokens":           reflect.TypeFor[wps.RefreshToken](),
	"define_records":           reflect.TypeFor[wps.Define](),
}

var dataartsRecords = recordTypes{
	"approvers":         reflect.TypeFor[dataarts.Approver](),
	"created_approvers": reflect.TypeFor[dataarts.Approver](),
	"projects":          reflect.TypeFor[dataarts.Project](),
	"domains":           reflect.TypeFor[dataarts.Domain](),
	"domain_records":    reflect.TypeFor[dataarts.DomainRecord](),
	"users":             reflect.TypeFor[dataarts.UserRecord](),
	"project_records":   reflect.TypeFor[dataarts.ProjectRecord](),
	"workspaces":        reflect.TypeFor[dataarts.WorkspaceRecord](),
	"members":           reflect.TypeFor[dataarts.MemberRecord](),
	"access_keys":       reflect.TypeFor[dataarts.AccessKeyRecord](),
	"tokens":            reflect.TypeFor[dataarts.TokenRecord](),
	"approver_records":  reflect.TypeFor[dataarts.ApproverRecord](),
}
