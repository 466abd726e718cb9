// Package webhook sends events to webhooks, as Standard Webhooks
// (https://www.standardwebhooks.com) says.
//
// Each instance has a [Runner]. It takes deliveries that are due from the store, which gives
// out only the first one of each key and webhook, and writes what became of each attempt. A
// [Sender] makes one: it connects to no address that is not public, unless [Allowed] has it,
// follows no redirect, and tells nothing of the answer but its status.
package webhook
