metadata description = 'The workbook "Reelbrush" of Application Insights: jobs, speed, cost and failures on one page.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource ID of Application Insights, in whose gallery the workbook is listed.')
param appInsightsId string

@description('Resource ID of the Log Analytics workspace that its queries read.')
param logAnalyticsId string

@description('Title in the gallery.')
param displayName string = 'Reelbrush'

@description('Address of the app, to which the page links.')
param appUrl string

@description('Resource ID of the Azure Machine Learning workspace, to whose studio the page links.')
param machineLearningId string

var template = loadTextContent('../workbook.json')
var withLogs = replace(replace(template, '__LOG_ANALYTICS_ID__', logAnalyticsId), '__APP_INSIGHTS_ID__', appInsightsId)
var filled = replace(replace(withLogs, '__APP_URL__', appUrl), '__MACHINE_LEARNING_ID__', machineLearningId)

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(appInsightsId, 'reelbrush')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: appInsightsId
    serializedData: filled
  }
}

@description('Resource ID of the workbook.')
output id string = workbook.id

@description('Where the workbook opens in the Azure portal.')
output url string = '${environment().portal}/#resource${workbook.id}/workbook'
