package main

import (
	"fmt"
	"strings"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/dataarts"
	"github.com/countersign/countersign/mockserver/quickbi"
	"github.com/countersign/countersign/mockserver/wps"
)

// vendors is the only place that lists the vendors.
var vendors = []vendor{
	{
		name: "quickbi", title: "Alibaba Cloud Quick BI", plug: quickbi.New,
		sdk: `darabonba-openapi: config.SetEndpoint("HOST").SetProtocol("SCHEME"), version 2022-01-01, action ResultCallback`,
		reads: []sdkVariable{
			{name: "ALIBABA_CLOUD_ACCESS_KEY_ID", field: "access_key_id"},
			{name: "ALIBABA_CLOUD_ACCESS_KEY_SECRET", field: "access_key_secret"},
		},
		schemes: quickbiSchemes, unsigned: quickbiAction, unsignedXML: quickbiQuery("xml"),
	},
	{
		name: "wps", title: "WPS 365", plug: wps.New,
		sdk:     `any HTTP client: GET URL/v7/workflow/approval_defines/user_manage?cursor=&page=10, signed KSO-1, bearer token`,
		schemes: wpsSchemes,
	},
	{
		name: "dataarts", title: "Huawei Cloud DataArts Studio", plug: dataarts.New,
		sdk: `huaweicloud-sdk-go-v3: dataartsstudio.DataArtsStudioClientBuilder().WithEndpoints([]string{"URL"})`,
		reads: []sdkVariable{
			{name: "HUAWEICLOUD_SDK_AK", field: "ak"},
			{name: "HUAWEICLOUD_SDK_SK", field: "sk"},
			{name: "HUAWEICLOUD_SDK_PROJECT_ID", field: "project_id"},
			{name: "HUAWEICLOUD_SDK_REGION_DATAARTSSTUDIO_{region}", field: "url"},
			// The SDK puts https:// in front of whatever stands here, so plain HTTP cannot be said.
			{name: "HUAWEICLOUD_SDK_IAM_ENDPOINT", field: "url", only: "https://"},
		},
		schemes: dataartsSchemes,
	},
}

// vendor is what the command line knows of a vendor beyond its plug.
type vendor struct {
	name, title string
	plug        mockserver.Vendor
	// sdk is one line on how its SDK is pointed at the server; URL, HOST and SCHEME in it are replaced.
	sdk string
	// reads are the variables that the vendor's own SDKs read.
	reads []sdkVariable
	// schemes are how its requests are signed, the one of the SDKs first; unsigned, if not nil, is what goes into a request
	// that is not signed, unsignedXML into one that is answered in XML.
	schemes               []signScheme
	unsigned, unsignedXML gen.Signer
}

// sdkVariable is a variable that an SDK reads and the field of the vendor's section that it gets. {x} in the name
// stands for the field x in upper case with underscores.
type sdkVariable struct {
	name, field string
	// only, if set, is what the value must begin with for the variable to be set, without it.
	only string
}

func (a *app) vendorNames() []string {
	names := make([]string, len(a.vendors))
	for i, v := range a.vendors {
		names[i] = v.name
	}
	return names
}

func (a *app) plugs() []mockserver.Vendor {
	plugs := make([]mockserver.Vendor, len(a.vendors))
	for i, v := range a.vendors {
		plugs[i] = v.plug
	}
	return plugs
}

func (a *app) vendorTitles() string {
	titles := make([]string, len(a.vendors))
	for i, v := range a.vendors {
		titles[i] = v.title
	}
	last := len(titles) - 1
	return fmt.Sprintf("%s and %s", strings.Join(titles[:last], ", "), titles[last])
}

// howTo is the vendor's SDK hint for a server at scheme and host:port.
func (v vendor) howTo(scheme, host string) string {
	return strings.NewReplacer("URL", scheme+"://"+host, "HOST", host, "SCHEME", scheme).Replace(v.sdk)
}
