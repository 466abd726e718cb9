package adminapi

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/negotiation"

	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/internal/sheet"
)

// Form has what says in which form a list is wanted.
type Form struct {
	Format string `query:"format" enum:"json,csv" doc:"The form of the answer, which this says where a header Accept can't be sent. CSV has the whole list from the cursor on, whatever limit is."`
	Accept string `header:"Accept" doc:"text/csv asks for CSV."`
}

const (
	typeJSON = "application/json"
	typeCSV  = "text/csv"
)

// isCSV reports whether CSV is wanted.
func (f *Form) isCSV() bool {
	if f.Format != "" {
		return f.Format == "csv"
	}
	return negotiation.SelectQValue(f.Accept, []string{typeJSON, typeCSV}) == typeCSV
}

// either is an answer in JSON or CSV, which it writes by itself.
type either struct{ Body func(huma.Context) }

// asJSON answers with a body.
func asJSON(body any) *either {
	return &either{func(c huma.Context) {
		c.SetHeader("Content-Type", typeJSON)
		c.SetHeader("Vary", "Accept")
		c.SetStatus(http.StatusOK)
		_ = marshal(c.BodyWriter(), body) // the client may be gone; there is nobody else to tell
	}}
}

const (
	// exportAtOnce is how many items are read and kept at once.
	exportAtOnce = 1_000
	// exportPatience is how long a client may take to read as many.
	exportPatience = 30 * time.Second
)

// asCSV answers with rows, of which next returns some at a time, and none at the end. The
// first ones are given. An error ends the connection before the end of the answer, so that
// no client takes what came so far for the whole.
func asCSV[W any](ctx context.Context, a *API, name string, table sheet.Table[W], rows []W, next func() ([]W, error)) *either {
	return &either{func(c huma.Context) {
		c.SetHeader("Content-Type", typeCSV+"; charset=utf-8; header=present")
		c.SetHeader("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		c.SetHeader("X-Content-Type-Options", "nosniff")
		c.SetHeader("Vary", "Accept")
		c.SetStatus(http.StatusOK)
		_, w := humago.Unwrap(c)
		client := http.NewResponseController(w)
		out := sheet.NewWriter(w)
		out.Write(table.Names())
		for err := error(nil); ; rows, err = next() {
			if err != nil {
				a.log.Say(ctx, slog.LevelWarn, condense.Kind{Message: "a list in CSV ended early"}, slog.Any("error", err), slog.String("request_id", requestOf(ctx).id))
				panic(http.ErrAbortHandler)
			}
			for i := range rows {
				out.Write(table.Row(&rows[i]))
			}
			_ = client.SetWriteDeadline(time.Now().Add(exportPatience)) // where there is none, the listener has its own
			if out.Flush() != nil || client.Flush() != nil {
				panic(http.ErrAbortHandler) // the client is gone, or doesn't read
			}
			if len(rows) == 0 {
				return
			}
		}
	}}
}

// either answers with a page in JSON, or with the list in CSV.
func (l *list[T, W, P]) either(ctx context.Context, a *API, form *Form, at Paging, table sheet.Table[W]) (*either, error) {
	if !form.isCSV() {
		page, err := l.page(ctx, at)
		if err != nil {
			return nil, err
		}
		return asJSON(page.Body), nil
	}
	after, err := l.start(ctx, at)
	if err != nil {
		return nil, err
	}
	next := func() ([]W, error) {
		found, err := l.find(ctx, after, exportAtOnce)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		after = l.place(&found[len(found)-1])
		return l.show(found), nil
	}
	rows, err := next()
	if err != nil {
		return nil, err
	}
	return asCSV(ctx, a, l.name, table, rows, next), nil
}

// exported registers a list that is there in CSV, too. Its answer in JSON is a W.
func exported[W, I any](a *API, op operation, serve func(context.Context, Caller, *I) (*either, error)) {
	op.answers = contentOf(a.huma.OpenAPI().Components.Schemas, typeJSON, reflect.TypeFor[W]())
	op.answers[typeCSV] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: "A row of names, and a row for each item."}}
	register(a, op, serve)
}
