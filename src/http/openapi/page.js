// Shows /openapi.json. Every text goes into the page as text, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

function nameOf(reference) {
  return reference.split("/").pop();
}

// A schema as a short text, the names of others as links.
function shape(schema) {
  if (schema === undefined) return ["bytes"];
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return [make("a", { href: "#schema-" + name }, name)];
  }
  const several = schema.oneOf || schema.anyOf;
  if (several) return several.flatMap((one, at) => (at ? [" or ", ...shape(one)] : shape(one)));
  if (schema.allOf) return schema.allOf.flatMap((one, at) => (at ? [" and ", ...shape(one)] : shape(one)));
  const types = [].concat(schema.type || []);
  if (types.includes("array")) return ["list of ", ...shape(schema.items || {}), ...orNull(types)];
  if (types.includes("object") && schema.properties) {
    const fields = Object.entries(schema.properties);
    return ["{", ...fields.flatMap(([name, field], at) => [(at ? ", " : "") + name + ": ", ...shape(field)]), "}"];
  }
  const words = types.join(" or ") || "anything";
  const values = schema.enum ? ": " + schema.enum.join(", ") : "";
  return [words + (schema.format ? " (" + schema.format + ")" : "") + values];
}

function orNull(types) {
  return types.includes("null") ? [" or null"] : [];
}

function row(...cells) {
  return make("tr", {}, ...cells.map((cell) => make("td", {}, ...[].concat(cell))));
}

function parametersOf(operation) {
  const rows = (operation.parameters || []).map((parameter) =>
    row(
      make("code", {}, parameter.name),
      parameter.in + (parameter.required ? ", required" : ""),
      shape(parameter.schema || {}),
      parameter.description || "",
    ),
  );
  return rows.length ? make("table", {}, ...rows) : undefined;
}

function contents(content) {
  return Object.entries(content || {}).map(([type, media]) =>
    make("div", {}, make("code", {}, type), " ", ...shape(media.schema)),
  );
}

function call(path, method, operation, servers) {
  const role = operation["x-role"];
  const head = make(
    "summary",
    {},
    make("span", { class: "method " + method }, method),
    make("code", {}, path),
    role ? make("span", { class: "role" }, role) : undefined,
    make("span", { class: "about" }, operation.summary || ""),
  );
  const body = operation.requestBody;
  const answers = Object.entries(operation.responses).map(([status, response]) =>
    row(make("code", {}, status), response.description || "", contents(response.content)),
  );
  return make(
    "details",
    { id: operation.operationId, "data-words": (method + " " + path + " " + operation.summary).toLowerCase() },
    head,
    operation.description ? make("p", {}, operation.description) : undefined,
    servers ? make("p", {}, "On the admin listener.") : undefined,
    parametersOf(operation),
    body ? make("p", {}, "Body" + (body.required ? "" : ", may be left out") + ":", ...contents(body.content)) : undefined,
    make("table", {}, ...answers),
  );
}

function fieldsOf(schema) {
  const parts = schema.allOf || [schema];
  const rows = parts.flatMap((part) =>
    part.$ref
      ? [row("", shape(part), "")]
      : Object.entries(part.properties || {}).map(([name, field]) =>
          row(
            make("code", {}, name + ((part.required || []).includes(name) ? "" : "?")),
            shape(field),
            field.description || "",
          ),
        ),
  );
  return rows.length ? make("table", {}, ...rows) : make("p", {}, ...shape(schema));
}

function show(api) {
  const about = document.getElementById("about");
  about.replaceChildren(api.info.description, " Version " + api.info.version + ". ", make("a", { href: "/openapi.json" }, "The document."));
  const calls = document.getElementById("calls");
  const parts = document.getElementById("parts");
  for (const tag of api.tags) {
    const own = Object.entries(api.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] && item[method].tags.includes(tag.name)).map((method) =>
        call(path, method, item[method], item.servers),
      ),
    );
    if (!own.length) continue;
    parts.append(make("a", { href: "#part-" + tag.name }, tag.name));
    calls.append(make("section", { id: "part-" + tag.name }, make("h2", {}, tag.name), ...own));
  }
  const schemas = document.getElementById("schemas");
  schemas.append(make("h2", {}, "Schemas"));
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    const text = schema.description ? make("p", {}, schema.description) : undefined;
    schemas.append(make("details", { id: "schema-" + name }, make("summary", {}, make("code", {}, name)), text, fieldsOf(schema)));
  }
  open();
}

// The call or schema that the address names.
function open() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named && named.tagName === "DETAILS") {
    named.open = true;
    named.scrollIntoView();
  }
}

function filter(event) {
  const words = event.target.value.toLowerCase().split(/\s+/);
  for (const one of document.querySelectorAll("#calls details")) {
    one.hidden = !words.every((word) => one.dataset.words.includes(word));
  }
}

window.addEventListener("hashchange", open);
document.getElementById("filter").addEventListener("input", filter);
fetch("/openapi.json")
  .then((answer) => answer.json())
  .then(show)
  .catch((error) => document.getElementById("about").append(" It could not be read: " + error));
