/** What reads Python, a bundle of its own: it is loaded when the first Python document asks for it. */
export { loadPythonParser } from '../../host/pythonParser.ts';
export { PythonDocument } from '../../shapes/python/document.ts';
export { cellsOf, NotebookDocument } from '../../shapes/python/notebook.ts';
