// Command wps walks the approval definitions that the demo user manages. WPS 365 has no Go SDK, so this is its KSO-1
// recipe by hand. It reads what `countersign env` prints.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

func main() {
	for cursor := ""; ; {
		data := fetch("/v7/workflow/approval_defines/user_manage?cursor=" + url.QueryEscape(cursor) + "&page=15")
		for _, define := range data.Items {
			fmt.Println(define.ID, define.Name)
		}
		if cursor = data.NextCursor; !data.HasMore {
			return
		}
	}
}

type page struct {
	Items      []struct{ ID, Name string } `json:"items"`
	HasMore    bool                        `json:"has_more"`
	NextCursor string                      `json:"next_cursor"`
}

func fetch(uri string) page {
	date := time.Now().UTC().Format(http.TimeFormat)
	mac := hmac.New(sha256.New, []byte(os.Getenv("COUNTERSIGN_WPS_APP_KEY")))
	mac.Write([]byte("KSO-1" + "GET" + uri + "application/json" + date))
	req, err := http.NewRequest(http.MethodGet, os.Getenv("COUNTERSIGN_WPS_URL")+uri, nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Kso-Date", date)
	req.Header.Set("X-Kso-Authorization", "KSO-1 "+os.Getenv("COUNTERSIGN_WPS_APP_ID")+":"+hex.EncodeToString(mac.Sum(nil)))
	req.Header.Set("Authorization", "Bearer "+os.Getenv("COUNTERSIGN_WPS_ACCESS_TOKEN"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	var reply struct {
		Code int
		Msg  string
		Data page
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil || reply.Code != 0 {
		panic(fmt.Sprint(reply.Code, reply.Msg, err))
	}
	return reply.Data
}
