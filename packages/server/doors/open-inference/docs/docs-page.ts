/** What a page may load: its own files. The styles are set by script, image data and text are the page's own. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The page that shows an OpenAPI document; everything it loads comes from this server. */
export function docsPage(title: string, documentUrl: string, assetsUrl: string): string {
  const [heading, document, assets] = [title, documentUrl, assetsUrl].map(escapeHtml)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading}</title>
<link rel="stylesheet" href="${assets}/swagger-ui.css">
<link rel="icon" type="image/png" href="${assets}/favicon-32x32.png">
</head>
<body>
<div id="docs" data-document="${document}"></div>
<noscript><p>This page needs scripts. <a href="${document}">The OpenAPI document</a> does not.</p></noscript>
<script src="${assets}/swagger-ui-bundle.js"></script>
<script src="${assets}/start.js"></script>
</body>
</html>
`
}

/** Begins to show the document; a file of its own, because pages may not have scripts in them. */
export const START_SCRIPT = `const docs = document.getElementById('docs')
SwaggerUIBundle({ domNode: docs, url: docs.dataset.document, deepLinking: true, validatorUrl: null })
`

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
