package contender

import "github.com/ration-dev/ration/bench/wrk"

// questions are what is asked of POST /v1/verify: what an API asks about a request, with
// and without an address, about a secret as it came in an Authorization header, and about
// a request that counts twice.
func questions(token string) []wrk.Kind {
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	kinds := []wrk.Kind{
		{Body: `{"secret":"SECRET"}`, Units: 1},
		{Body: `{"secret":"SECRET","ip":"203.0.113.7"}`, Units: 1},
		{Body: `{"secret":"Bearer SECRET"}`, Units: 1},
		{Body: `{"secret":"SECRET","amounts":{"requests":2}}`, Units: 2},
	}
	for i := range kinds {
		kinds[i].Method, kinds[i].Path, kinds[i].Headers = "POST", "/v1/verify", headers
	}
	return kinds
}

// requests are what clients send through a proxy.
func requests() []wrk.Kind {
	return []wrk.Kind{
		{Method: "GET", Path: "/things", Headers: map[string]string{"X-Api-Key": "SECRET"}, Units: 1},
		{Method: "GET", Path: "/things?page=2&sort=name", Headers: map[string]string{"Authorization": "Bearer SECRET", "Accept": "application/json"}, Units: 1},
		{Method: "POST", Path: "/things", Headers: map[string]string{"X-Api-Key": "SECRET", "Content-Type": "application/json"}, Body: `{"name":"something","tags":["a","b"],"price":12.5}`, Units: 1},
	}
}
