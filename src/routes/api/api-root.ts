/** Where the API lies. */
export const API_ROOT = '/api/v1'
