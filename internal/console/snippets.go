package console

import (
	"cmp"
	"strings"
)

// snippet is a ready program that uses a key.
type snippet struct{ Name, Text string }

// secretHere stands for the secret, which no page has.
const secretHere = "YOUR_SECRET"

// snippets returns how clients call the API, in several languages.
func (c *Console) snippets() []snippet {
	address := "https://api.example.com"
	if c.config.ProxyURL != nil {
		address = cmp.Or(c.config.ProxyURL(), address)
	}
	fill := strings.NewReplacer("URL", address+"/", "HEADER", cmp.Or(c.config.KeyHeader, "X-API-Key"), "SECRET", secretHere).Replace
	return []snippet{
		{"curl", fill("curl -i URL -H 'HEADER: SECRET'")},
		{"Python", fill(`import urllib.request

request = urllib.request.Request("URL", headers={"HEADER": "SECRET"})
with urllib.request.urlopen(request) as answer:
    print(answer.status, answer.headers["RateLimit"])`)},
		{"Node", fill(`const answer = await fetch("URL", { headers: { "HEADER": "SECRET" } });
console.log(answer.status, answer.headers.get("RateLimit"));`)},
		{"Go", fill(`request, err := http.NewRequest("GET", "URL", nil)
if err != nil {
	log.Fatal(err)
}
request.Header.Set("HEADER", "SECRET")
answer, err := http.DefaultClient.Do(request)
if err != nil {
	log.Fatal(err)
}
fmt.Println(answer.Status, answer.Header.Get("RateLimit"))`)},
	}
}
