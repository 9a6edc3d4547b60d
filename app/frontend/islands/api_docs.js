// The OpenAPI document, readable and callable, from this server only.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

import { make } from "./parts/dom.js";

export function mount(place) {
  const box = make("div");
  place.replaceChildren(box);
  SwaggerUI({
    url: place.dataset.src,
    domNode: box,
    validatorUrl: null,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    persistAuthorization: false,
  });
}
