package adminapi

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Huma knows which values may be null, but for members of requests that may be absent,
// which it lets be null, and for members that are pointers to objects.

// takeNull says in the document that each member of a request that may be absent may be
// null as well: both mean the same, except in a patch, which says so.
func takeNull(schemas huma.Registry, schema *huma.Schema) {
	for schema.Ref != "" {
		schema = schemas.SchemaFromRef(schema.Ref)
	}
	for _, one := range schema.AnyOf {
		takeNull(schemas, one)
	}
	required := make(map[string]bool)
	for _, member := range schema.Required {
		required[member] = true
	}
	for member, property := range schema.Properties {
		takeNull(schemas, property)
		if !required[member] {
			schema.Properties[member] = orNull(property)
		}
	}
	if schema.Items != nil {
		takeNull(schemas, schema.Items)
	}
}

// secretMayBeNull says in the document that the question whether a request may pass can be
// asked of a client that has sent no secret.
func secretMayBeNull(schemas huma.Registry) {
	for _, name := range []string{"VerifyRequest", "ReserveRequest"} {
		properties := schemas.Map()[name].Properties
		properties["secret"] = orNull(properties["secret"])
	}
}

// settledMayBeNull says in the document that nobody may have said yet what a reservation used.
func settledMayBeNull(schemas huma.Registry) {
	properties := schemas.Map()["Reservation"].Properties
	properties["settled"] = orNull(properties["settled"])
}

// pointersMayBeNull says in the document which members are an object or null.
func pointersMayBeNull(schemas huma.Registry) {
	for name, schema := range schemas.Map() {
		of := schemas.TypeFromRef("#/components/schemas/" + name)
		if of == nil || of.Kind() != reflect.Struct {
			continue
		}
		for _, field := range reflect.VisibleFields(of) {
			member, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := schema.Properties[member]
			if property != nil && property.Ref != "" && field.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omit") {
				schema.Properties[member] = orNull(property)
			}
		}
	}
}

// orNull is a schema that also takes null, which it may do already: two requests can have
// one object in them.
func orNull(schema *huma.Schema) *huma.Schema {
	switch {
	case schema.Ref != "":
		return &huma.Schema{AnyOf: []*huma.Schema{{Ref: schema.Ref}, {Type: "null"}}}
	case schema.Nullable || len(schema.AnyOf) > 0:
		return schema
	}
	schema.Nullable = true
	if len(schema.Enum) > 0 {
		schema.Enum = append(schema.Enum, nil)
	}
	return schema
}
