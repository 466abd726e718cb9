// Package oidclogin recognises people by an OpenID provider, with the authorization code
// flow: PKCE, a state and a nonce. What a login needs to remember between leaving for the
// provider and coming back is in an encrypted cookie of the browser, so any instance can
// finish what another one began. Which scopes somebody gets depends on their groups.
//
// The provider is asked for the first time when somebody logs in: one that is away keeps
// no server from starting, and is asked again by a later login.
package oidclogin
