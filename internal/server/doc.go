// Package server runs Ration's listeners: the proxy, whose every path is the
// upstream's, and the API with health and readiness. It binds before it serves,
// so that a taken port is an error at start, and shuts down in order: not ready,
// requests under way finish, then it returns. It opens no database.
package server
