// Package console serves the web console of administration: pages for people, over the
// same operations as the admin API. What a page shows is made on the server; scripts only
// fetch it again and draw charts. A page has nothing from another host, no inline script
// and no inline style, and works under the strictest content security policy.
package console
