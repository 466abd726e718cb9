// Package webhook sends events to webhooks, as Standard Webhooks
// (https://www.standardwebhooks.com) says.
//
// A [Sender] makes one attempt: it connects to no address that is not public, unless
// [Allowed] has it, follows no redirect, and tells nothing of the answer but its status.
package webhook
