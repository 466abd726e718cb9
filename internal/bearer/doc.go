// Package bearer finds out who calls an API of Ration's own: it reads the service
// token of a request, has it checked, and bounds how many tokens a caller can guess.
// Why a caller gets no answer is data, so that each API can answer in its own form.
package bearer
